package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.AttentionSegments.Range;
import org.bayu.tensor.autograd.AttentionSegments.Segment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AttentionTest {
  private final Arena arena = Arena.ofShared();
  private final Device device = Device.cpu(2);
  private final Workspace workspace = new Workspace();
  private final Gradients gradients = new Gradients(List.of());
  private final Random random = new Random(8);

  @AfterEach
  void free() {
    gradients.close();
    workspace.close();
    device.close();
    arena.close();
  }

  private Tensor normal(double size, long rows, long columns) {
    var tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows, columns));
    for (var i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) (size * random.nextGaussian()));
    }
    return tensor;
  }

  /** What attention computes of y and of the gradients of Σ dy·y. */
  private record Result(Tensor y, Tensor dq, Tensor dk, Tensor dv) {}

  private Result compute(
      Tensor q, Tensor k, Tensor v, Tensor dy, AttentionSegments segments, int headDim) {
    var tape = new Tape(device, workspace, gradients);
    var inputs = List.of(tape.input(q), tape.input(k), tape.input(v));
    var y = Attention.apply(tape, inputs.get(0), inputs.get(1), inputs.get(2), segments, headDim);
    var value = copy(y.value());
    var seed = tape.allocate(y.value().dtype(), y.value().shape().dims());
    seed.copyFrom(dy);
    tape.backward(y, seed);
    var results = inputs.stream().map(x -> copy(Objects.requireNonNull(x.gradient()))).toList();
    return new Result(value, results.get(0), results.get(1), results.get(2));
  }

  private Tensor copy(Tensor tensor) {
    var copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
    copy.copyFrom(tensor);
    return copy;
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
    var dy = normal(1, q.rows(), q.columns());
    var oracle = new AttentionOracle(q, k, v, dy, segments, headDim);
    var result = compute(q, k, v, dy, segments, headDim);
    assertClose(oracle.y, result.y, tolerance);
    assertClose(oracle.dq, result.dq, tolerance);
    assertClose(oracle.dk, result.dk, tolerance);
    assertClose(oracle.dv, result.dv, tolerance);
  }

  /** Segments of random lengths, each below a random earlier one or a root; contexts in pieces. */
  private AttentionSegments forest(int segments, int longest) {
    var built = new ArrayList<Segment>();
    var start = 0;
    for (var i = 0; i < segments; i++) {
      var length = 1 + random.nextInt(longest);
      var context = new ArrayList<Range>();
      if (i > 0 && random.nextInt(4) > 0) {
        var parent = built.get(random.nextInt(i));
        context.addAll(parent.context());
        context.add(new Range(parent.keyStart(), parent.keyLength()));
      }
      built.add(new Segment(start, length, start, length, context));
      start += length;
    }
    return new AttentionSegments(built);
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
    var forest = forest(segments, longest);
    var tokens = forest.queries();
    var q = normal(1, tokens, (long) heads * headDim);
    var k = normal(1, tokens, (long) heads / group * headDim);
    var v = normal(1, tokens, (long) heads / group * headDim);
    // Sums of up to some hundred terms of size 1, each rounded to 2⁻²⁴.
    assertEqualsOracle(q, k, v, forest, headDim, 1e-5);
  }

  @Test
  void sequencesThatShareAPrefixEqualThoseThatDoNot() {
    var headDim = 8;
    var prefix = 70;
    var rest = new int[] {30, 1, 45};
    var shared = new ArrayList<Segment>(List.of(new Segment(0, prefix, 0, prefix, List.of())));
    var alone = new ArrayList<Segment>();
    var rows = new ArrayList<Integer>();
    var next = prefix;
    for (var length : rest) {
      shared.add(new Segment(next, length, next, length, List.of(new Range(0, prefix))));
      alone.add(new Segment(rows.size(), prefix + length, rows.size(), prefix + length, List.of()));
      for (var i = 0; i < prefix; i++) {
        rows.add(i);
      }
      for (var i = 0; i < length; i++) {
        rows.add(next + i);
      }
      next += length;
    }
    var q = normal(1, next, 2L * headDim);
    var k = normal(1, next, 2L * headDim);
    var v = normal(1, next, 2L * headDim);
    var dyAlone = normal(1, rows.size(), 2L * headDim);
    var sharedResult =
        compute(q, k, v, scattered(dyAlone, rows, next), new AttentionSegments(shared), headDim);
    var aloneResult =
        compute(
            gathered(q, rows),
            gathered(k, rows),
            gathered(v, rows),
            dyAlone,
            new AttentionSegments(alone),
            headDim);
    // Both are within a few roundings of the definition; gradients of the prefix are sums of three.
    assertClose(doubles(gathered(sharedResult.y, rows)), aloneResult.y, 2e-6);
    assertClose(doubles(sharedResult.dq), scattered(aloneResult.dq, rows, next), 2e-6);
    assertClose(doubles(sharedResult.dk), scattered(aloneResult.dk, rows, next), 2e-6);
    assertClose(doubles(sharedResult.dv), scattered(aloneResult.dv, rows, next), 2e-6);
  }

  private Tensor gathered(Tensor x, List<Integer> rows) {
    var y = Tensor.allocate(arena, DType.F32, Shape.of(rows.size(), x.columns()));
    for (var i = 0; i < rows.size(); i++) {
      y.slice(i, i + 1).copyFrom(x.slice(rows.get(i), rows.get(i) + 1));
    }
    return y;
  }

  private Tensor scattered(Tensor x, List<Integer> rows, int count) {
    var y = Tensor.allocate(arena, DType.F32, Shape.of(count, x.columns()));
    for (var i = 0; i < x.elements(); i++) {
      var at = (long) rows.get(i / x.columns()) * x.columns() + i % x.columns();
      y.setFloat(at, y.getFloat(at) + x.getFloat(i));
    }
    return y;
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
    var q = normal(1, 8, 24);
    var k = normal(1, 300, 12);
    var v = normal(1, 300, 12);
    assertEqualsOracle(q, k, v, segments, 6, 1e-5);
  }

  @Test
  void keysThatNobodySeesHaveNoGradient() {
    var segments = new AttentionSegments(List.of(new Segment(0, 2, 4, 2, List.of())));
    var x = normal(1, 9, 4);
    var result = compute(normal(1, 2, 4), x, x, normal(1, 2, 4), segments, 4);
    for (var gradient : List.of(result.dk, result.dv)) {
      for (var i = 0; i < gradient.elements(); i++) {
        assertEquals(i / 4 == 4 || i / 4 == 5, gradient.getFloat(i) != 0, "element " + i);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 200", "60, 5"})
  void scoresFarAboveAndBelowTheOwnKeysAreExact(int segments, int longest) {
    var forest = forest(segments, longest);
    var tokens = forest.queries();
    // Scores of some hundreds: many queries find a key e⁶⁰ times as near as themselves.
    var q = normal(12, tokens, 16);
    var k = normal(12, tokens, 16);
    var v = normal(1, tokens, 16);
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
    var forest = forest(4, 4);
    var tokens = forest.queries();
    GradientCheck.check(
        List.of(),
        List.of(normal(1, tokens, 8), normal(1, tokens, 4), normal(1, tokens, 4)),
        (tape, x) -> Attention.apply(tape, x.get(0), x.get(1), x.get(2), forest, 2));
  }

  @Test
  void oneVariableMayBeQueriesKeysAndValues() {
    var segments = AttentionSegments.causal(5);
    GradientCheck.check(
        List.of(),
        List.of(normal(1, 5, 4)),
        (tape, x) -> Attention.apply(tape, x.getFirst(), x.getFirst(), x.getFirst(), segments, 4));
  }

  @Test
  void bf16DiffersFromF32ByTheRoundingsOfWhatIsStored() {
    var forest = forest(6, 60);
    var tokens = forest.queries();
    var narrow = new ArrayList<Tensor>();
    var wide = new ArrayList<Tensor>();
    for (var i = 0; i < 4; i++) {
      var x = Tensor.allocate(arena, DType.BF16, Shape.of(tokens, 12));
      x.copyFrom(normal(1, tokens, 12));
      narrow.add(x);
      var same = Tensor.allocate(arena, DType.F32, Shape.of(tokens, 12));
      same.copyFrom(x);
      wide.add(same);
    }
    var expected = compute(wide.get(0), wide.get(1), wide.get(2), wide.get(3), forest, 6);
    var actual = compute(narrow.get(0), narrow.get(1), narrow.get(2), narrow.get(3), forest, 6);
    // y is rounded once, to 2⁻⁹; the gradients also see that rounding in dy·y.
    assertClose(doubles(expected.y), actual.y, 0x1p-9);
    assertClose(doubles(expected.dq), actual.dq, 0x1p-7);
    assertClose(doubles(expected.dk), actual.dk, 0x1p-7);
    assertClose(doubles(expected.dv), actual.dv, 0x1p-9);
  }

  @Test
  void whatDoesNotFitIsNamed() {
    var tape = Tape.inference(device, workspace);
    var q = tape.constant(normal(1, 3, 8));
    var k = tape.constant(normal(1, 3, 4));
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
