package org.bayu.train.track.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CurveTest {
  private static Curve curve(int first, int end, int every, List<Double> values) {
    var curve = new Curve();
    for (var step = first; step < end; step += every) {
      curve.add(step, values.get(step));
    }
    return curve;
  }

  private static List<Double> random(int count) {
    var random = new Random(5);
    return IntStream.range(0, count).mapToObj(_ -> random.nextDouble()).toList();
  }

  @Test
  void aShortCurveIsKeptWhole() {
    var values = random(500);
    var points = curve(0, 500, 1, values).points();
    assertEquals(
        IntStream.range(0, 500).mapToObj(i -> new Curve.Point(i, values.get(i))).toList(), points);
  }

  @Test
  void ofALongCurveExtremesAndEndsAreKept() {
    var values = random(300_000);
    var curve = curve(7, 300_000, 1, values);
    var points = curve.points();
    assertTrue(points.size() > Curve.INTERVALS && points.size() <= 2 * Curve.INTERVALS + 2);
    assertEquals(7, points.getFirst().step());
    assertEquals(new Curve.Point(299_999, values.get(299_999)), points.getLast());
    assertEquals(points.getLast(), curve.last());
    var after = values.subList(7, 300_000);
    for (var extreme :
        List.of(
            after.stream().min(Double::compare).orElseThrow(),
            after.stream().max(Double::compare).orElseThrow())) {
      assertTrue(points.stream().anyMatch(point -> point.value() == extreme), extreme::toString);
    }
    assertEquals(after.stream().min(Double::compare).orElseThrow(), curve.least().value());
    assertTrue(
        IntStream.range(1, points.size())
            .allMatch(i -> points.get(i - 1).step() < points.get(i).step()));
  }

  @Test
  void rarePointsOfALongRunAreAllKept() {
    var values = random(400_000);
    assertEquals(400, curve(999, 400_000, 1000, values).points().size());
  }

  @Test
  void anEmptyCurveHasNoPoints() {
    assertTrue(new Curve().isEmpty());
    assertEquals(List.of(), new Curve().points());
  }
}
