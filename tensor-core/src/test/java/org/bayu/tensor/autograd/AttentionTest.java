package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTest {
  private final AttentionFixture fixture = new AttentionFixture(DType.F32, Devices.cpu(2));

  @AfterEach
  void free() {
    fixture.close();
  }

  private static void assertClose(double[] expected, Tensor actual, double tolerance) {
    var largest = 0.0;
    for (var value : expected) {
      largest = Math.max(largest, Math.abs(value));
    }
    for (var i = 0; i < expected.length; i++) {
      assertEquals(expected[i], actual.getFloat(i), tolerance * largest, "element " + i);
    }
  }

  /** Compares with the oracle, relative to the largest element of each result. */
  private void assertEqualsOracle(
      Tensor q, Tensor k, Tensor v, AttentionSegments segments, int headDim, double tolerance) {
    var dy = fixture.normal(1, q.rows(), q.columns());
    var oracle = new AttentionOracle(q, k, v, dy, segments, headDim);
    var result = fixture.compute(q, k, v, dy, segments, headDim);
    assertClose(oracle.y, result.y(), tolerance);
    assertClose(oracle.dq, result.dq(), tolerance);
    assertClose(oracle.dk, result.dk(), tolerance);
    assertClose(oracle.dv, result.dv(), tolerance);
  }

  @ParameterizedTest
  @CsvSource({
    // segments, longest, heads, group, headDim
    "1, 1, 1, 1, 2",
    "1, 300, 1, 1, 8",
    "9, 20, 4, 2, 6",
    "12, 90, 3, 3, 10",
    "3, 260, 2, 1, 48",
    "40, 5, 2, 2, 16",
    "2, 150, 1, 1, 256",
  })
  void forestsEqualTheDefinition(int segments, int longest, int heads, int group, int headDim) {
    var forest = fixture.forest(segments, longest);
    var tokens = forest.queries();
    var q = fixture.normal(1, tokens, (long) heads * headDim);
    var k = fixture.normal(1, tokens, (long) heads / group * headDim);
    var v = fixture.normal(1, tokens, (long) heads / group * headDim);
    // Sums of up to some hundred terms of size 1, each rounded to 2⁻²⁴.
    assertEqualsOracle(q, k, v, forest, headDim, 1e-5);
  }

  @Test
  void sequencesThatShareAPrefixEqualThoseThatDoNot() {
    var headDim = 8;
    var prefixed = AttentionFixture.prefixed(70, 30, 1, 45);
    var rows = prefixed.rows();
    var count = prefixed.count();
    var q = fixture.normal(1, count, 2L * headDim);
    var k = fixture.normal(1, count, 2L * headDim);
    var v = fixture.normal(1, count, 2L * headDim);
    var dyAlone = fixture.normal(1, rows.size(), 2L * headDim);
    var sharedResult =
        fixture.compute(
            q, k, v, fixture.scattered(dyAlone, rows, count), prefixed.shared(), headDim);
    var aloneResult =
        fixture.compute(
            fixture.gathered(q, rows),
            fixture.gathered(k, rows),
            fixture.gathered(v, rows),
            dyAlone,
            prefixed.alone(),
            headDim);
    // Both are within a few roundings of the definition; gradients of the prefix are sums of three.
    assertClose(doubles(fixture.gathered(sharedResult.y(), rows)), aloneResult.y(), 2e-6);
    assertClose(doubles(sharedResult.dq()), fixture.scattered(aloneResult.dq(), rows, count), 2e-6);
    assertClose(doubles(sharedResult.dk()), fixture.scattered(aloneResult.dk(), rows, count), 2e-6);
    assertClose(doubles(sharedResult.dv()), fixture.scattered(aloneResult.dv(), rows, count), 2e-6);
  }

  private static double[] doubles(Tensor x) {
    var values = new double[(int) x.elements()];
    for (var i = 0; i < values.length; i++) {
      values[i] = x.getFloat(i);
    }
    return values;
  }

  @Test
  void queriesOnACacheEqualTheDefinition() {
    // Three prompts behind a common beginning; the second has one new token, the others some.
    var prefix = List.of(new Range(5, 140));
    var segments =
        new AttentionSegments(
            List.of(
                new Segment(0, 3, 150, 43, prefix),
                new Segment(3, 1, 200, 17, prefix),
                new Segment(4, 4, 230, 4, List.of())));
    var q = fixture.normal(1, 8, 24);
    var k = fixture.normal(1, 300, 12);
    var v = fixture.normal(1, 300, 12);
    assertEqualsOracle(q, k, v, segments, 6, 1e-5);
  }

  @Test
  void keysThatNobodySeesHaveNoGradient() {
    var segments = new AttentionSegments(List.of(new Segment(0, 2, 4, 2, List.of())));
    var x = fixture.normal(1, 9, 4);
    var result =
        fixture.compute(fixture.normal(1, 2, 4), x, x, fixture.normal(1, 2, 4), segments, 4);
    for (var gradient : List.of(result.dk(), result.dv())) {
      for (var i = 0; i < gradient.elements(); i++) {
        assertEquals(i / 4 == 4 || i / 4 == 5, gradient.getFloat(i) != 0, "element " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 200", "60, 5"})
  void scoresFarAboveAndBelowTheOwnKeysAreExact(int segments, int longest) {
    var forest = fixture.forest(segments, longest);
    var tokens = forest.queries();
    // Scores of some hundreds: many queries find a key e⁶⁰ times as near as themselves.
    var q = fixture.normal(12, tokens, 16);
    var k = fixture.normal(12, tokens, 16);
    var v = fixture.normal(1, tokens, 16);
    var leading = 0;
    for (var segment : forest.segments()) {
      for (var j = 0; j < segment.queryLength(); j++) {
        var seen = AttentionOracle.seen(segment, j, tokens);
        var row = segment.queryStart() + j;
        var leads = false;
        for (var key = 0; key < tokens; key++) {
          leads |= seen[key] && score(q, row, k, key) - score(q, row, k, row) > 100;
        }
        leading += leads ? 1 : 0;
      }
    }
    assertTrue(leading > tokens / 10, leading + " queries");
    // A score of 1000 is rounded to 2⁻¹⁵ or so: probabilities are known to 1e-4.
    assertEqualsOracle(q, k, v, forest, 16, 1e-3);
  }

  private static double score(Tensor q, int row, Tensor k, int key) {
    var score = 0.0;
    for (var i = 0; i < 16; i++) {
      score += (double) q.getFloat(row * 16L + i) * k.getFloat(key * 16L + i) / 4;
    }
    return score;
  }

  @Test
  void gradientsAreThoseOfDifferences() {
    var forest = fixture.forest(4, 4);
    var tokens = forest.queries();
    GradientCheck.check(
        List.of(),
        List.of(
            fixture.normal(1, tokens, 8),
            fixture.normal(1, tokens, 4),
            fixture.normal(1, tokens, 4)),
        (tape, x) -> Attention.apply(tape, x.get(0), x.get(1), x.get(2), forest, 2));
  }

  @Test
  void oneVariableMayBeQueriesKeysAndValues() {
    var segments = AttentionSegments.causal(5);
    GradientCheck.check(
        List.of(),
        List.of(fixture.normal(1, 5, 4)),
        (tape, x) -> Attention.apply(tape, x.getFirst(), x.getFirst(), x.getFirst(), segments, 4));
  }

  @Test
  void whatDoesNotFitIsNamed() {
    var tape = Tape.inference(fixture.device, fixture.workspace);
    var q = tape.constant(fixture.normal(1, 3, 8));
    var k = tape.constant(fixture.normal(1, 3, 4));
    var causal = AttentionSegments.causal(3);
    var message =
        assertThrows(ShapeException.class, () -> Attention.apply(tape, q, k, k, causal, 3))
            .getMessage();
    assertEquals("attention: q F32 [3, 8], k F32 [3, 4], v F32 [3, 4] with heads of 3", message);
    var longer = AttentionSegments.causal(4);
    assertThrows(ShapeException.class, () -> Attention.apply(tape, q, k, k, longer, 4));
    var beyond = new AttentionSegments(List.of(new Segment(0, 3, 1, 3, List.of())));
    assertThrows(ShapeException.class, () -> Attention.apply(tape, q, k, k, beyond, 4));
  }

  @Test
  void segmentsThatMakeNoSenseAreRefused() {
    assertThrows(ShapeException.class, () -> new Segment(0, 2, 0, 1, List.of()));
    assertThrows(ShapeException.class, () -> new Segment(0, 0, 0, 0, List.of()));
    assertThrows(ShapeException.class, () -> new Range(-1, 2));
    var overlapping = List.of(new Range(0, 3));
    assertThrows(ShapeException.class, () -> new Segment(2, 1, 2, 1, overlapping));
    var gap = List.of(new Segment(1, 1, 0, 1, List.of()));
    assertThrows(ShapeException.class, () -> new AttentionSegments(gap));
  }
}
