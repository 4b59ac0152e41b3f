package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarAttention;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Attention on bf16, whose bounds {@link AttentionOracle} derives: widened to binary32, with bf16
 * weights by the scalar twin, and in machine code where the processor has it.
 */
class BFloat16AttentionTest {
  static Stream<Kernels> kernels() {
    Stream<Kernels> anywhere = Stream.of(VectorKernels.INSTANCE, ScalarAttention.withVectors());
    return Stream.concat(anywhere, machines());
  }

  /** Machine code that has its own attention in bf16. */
  static Stream<Kernels> machines() {
    return TestTiers.machine().stream().filter(kernels -> kernels.attention() != null);
  }

  /** The kernels with numbers of tokens, heads, heads a group, and head sizes. */
  static Stream<Arguments> shapes() {
    var shapes =
        List.of(
            new int[] {1, 2, 1, 8},
            new int[] {2, 2, 2, 16},
            new int[] {3, 1, 1, 128},
            new int[] {15, 4, 2, 64},
            new int[] {16, 2, 1, 80},
            new int[] {17, 3, 3, 256},
            new int[] {63, 2, 1, 64},
            new int[] {64, 2, 2, 64},
            new int[] {65, 2, 1, 128},
            // Heads of queries that share one in tasks of one and two, and all in one.
            new int[] {65, 18, 3, 16},
            new int[] {65, 36, 3, 16},
            new int[] {207, 4, 2, 16},
            new int[] {207, 2, 1, 6},
            new int[] {300, 1, 1, 256},
            new int[] {257, 2, 2, 64},
            new int[] {1023, 1, 1, 8});
    return kernels().flatMap(each -> shapes.stream().map(shape -> arguments(each, shape)));
  }

  private static AttentionFixture fixture(Kernels kernels, int threads) {
    return new AttentionFixture(DType.BF16, new CpuDevice(kernels, new WorkerPool(threads)));
  }

  private static void assertEqualsOracle(
      AttentionFixture fixture,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim) {
    var dy = fixture.normal(1, q.rows(), q.columns());
    fixture.requireEqualsOracle(q, k, v, dy, segments, headDim);
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void causalEqualsTheDefinition(Kernels kernels, int[] shape) {
    try (var fixture = fixture(kernels, 2)) {
      var columns = (long) shape[1] * shape[3];
      var q = fixture.normal(1, shape[0], columns);
      var k = fixture.normal(1, shape[0], columns / shape[2]);
      var v = fixture.normal(1, shape[0], columns / shape[2]);
      assertEqualsOracle(fixture, q, k, v, AttentionSegments.causal(shape[0]), shape[3]);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void forestsEqualTheDefinition(Kernels kernels) {
    try (var fixture = fixture(kernels, 2)) {
      for (var shape : new int[][] {{9, 20, 4, 2, 8}, {12, 90, 3, 3, 10}, {40, 5, 2, 2, 64}}) {
        for (var i = 0; i < 3; i++) {
          var forest = fixture.forest(shape[0], shape[1]);
          var columns = (long) shape[2] * shape[4];
          var q = fixture.normal(1, forest.queries(), columns);
          var k = fixture.normal(1, forest.queries(), columns / shape[3]);
          var v = fixture.normal(1, forest.queries(), columns / shape[3]);
          assertEqualsOracle(fixture, q, k, v, forest, shape[4]);
        }
      }
    }
  }

  @ParameterizedTest(allowZeroInvocations = true)
  @MethodSource("machines")
  void machineCodeAgreesWithItsTwin(Kernels machine) {
    try (var fixture = fixture(ScalarAttention.withVectors(), 2);
        var device = new CpuDevice(machine, new WorkerPool(2))) {
      var forest = fixture.forest(8, 150);
      var q = fixture.normal(1, forest.queries(), 4 * 64);
      var k = fixture.normal(1, forest.queries(), 2 * 64);
      var v = fixture.normal(1, forest.queries(), 2 * 64);
      var dy = fixture.normal(1, forest.queries(), 4 * 64);
      // Each is within the oracle's bounds: together they are within twice those.
      var oracle = new AttentionOracle(q, k, v, dy, forest, 64);
      var errors = List.of(oracle.yError, oracle.dqError, oracle.dkError, oracle.dvError);
      var twin = fixture.compute(q, k, v, dy, forest, 64).all();
      var code = fixture.compute(device, q, k, v, dy, forest, 64).all();
      for (var result = 0; result < 4; result++) {
        for (var i = 0; i < errors.get(result).length; i++) {
          var error = 2 * errors.get(result)[i] + 1e-30;
          assertEquals(twin.get(result).getFloat(i), code.get(result).getFloat(i), error);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void queriesOnACacheEqualTheDefinition(Kernels kernels) {
    var prefix = List.of(new Range(5, 140));
    var segments =
        new AttentionSegments(
            List.of(
                new Segment(0, 3, 150, 43, prefix),
                new Segment(3, 1, 200, 17, prefix),
                new Segment(4, 4, 230, 4, List.of())));
    try (var fixture = fixture(kernels, 2)) {
      var q = fixture.normal(1, 8, 32);
      var k = fixture.normal(1, 300, 16);
      var v = fixture.normal(1, 300, 16);
      assertEqualsOracle(fixture, q, k, v, segments, 8);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void sequencesThatShareAPrefixEqualThoseThatDoNot(Kernels kernels) {
    var prefixed = AttentionFixture.prefixed(150, 30, 1, 145);
    var rows = prefixed.rows();
    try (var fixture = fixture(kernels, 2)) {
      var q = fixture.normal(1, prefixed.count(), 32);
      var k = fixture.normal(1, prefixed.count(), 32);
      var v = fixture.normal(1, prefixed.count(), 32);
      // Gradients of the prefix are sums: those of the copies but the last have none here.
      var dyAlone = fixture.normal(1, rows.size(), 32);
      for (var i = 0; i < 2 * 150 + 30 + 1; i++) {
        if (i < 150 || (i >= 180 && i < 330)) {
          for (var j = 0; j < 32; j++) {
            dyAlone.setFloat(i * 32L + j, 0);
          }
        }
      }
      var dy = fixture.tensor(prefixed.count(), 32);
      dy.copyFrom(fixture.scattered(dyAlone, rows, prefixed.count()));
      var oracle = new AttentionOracle(q, k, v, dy, prefixed.shared(), 16);
      var shared = fixture.compute(q, k, v, dy, prefixed.shared(), 16);
      var alone =
          fixture.compute(
              fixture.gathered(q, rows),
              fixture.gathered(k, rows),
              fixture.gathered(v, rows),
              dyAlone,
              prefixed.alone(),
              16);
      for (var i = 0; i < rows.size() * 32; i++) {
        var at = rows.get(i / 32) * 32 + i % 32;
        var error = 2 * oracle.yError[at];
        assertEquals(shared.y().getFloat(at), alone.y().getFloat(i), error, "y " + i);
      }
      // Three rounded summands are each below the sum of the magnitudes that the bound is made of.
      assertClose(shared.dq(), fixture.scattered(alone.dq(), rows, 326), oracle.dqError);
      assertClose(shared.dk(), fixture.scattered(alone.dk(), rows, 326), oracle.dkError);
      assertClose(shared.dv(), fixture.scattered(alone.dv(), rows, 326), oracle.dvError);
    }
  }

  private static void assertClose(Tensor expected, Tensor actual, double[] errors) {
    for (var i = 0; i < errors.length; i++) {
      assertEquals(expected.getFloat(i), actual.getFloat(i), 4 * errors[i], "element " + i);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void scoresFarAboveTheFirstOnesDoNotOverflow(Kernels kernels) {
    try (var fixture = fixture(kernels, 2)) {
      var tokens = 300;
      var q = fixture.normal(12, tokens, 32);
      var k = fixture.normal(12, tokens, 32);
      // Later keys are ever greater: their scores leave the first tile's behind by hundreds.
      for (var i = 0; i < k.elements(); i++) {
        k.setFloat(i, k.getFloat(i) * (1 + i / 32 / 64));
      }
      var v = fixture.normal(1, tokens, 32);
      assertEqualsOracle(fixture, q, k, v, AttentionSegments.causal(tokens), 16);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void scoresBeyondAllPrecisionChooseTheGreatest(Kernels kernels) {
    assumeTrue(kernels.attention() != null, "the other tiers' shifts are part of the product");
    try (var fixture = fixture(kernels, 2)) {
      var tokens = 300;
      var huge = fixture.normal(1e15, tokens, 32);
      var v = fixture.normal(1, tokens, 32);
      var result = fixture.compute(huge, huge, v, v, AttentionSegments.causal(tokens), 16);
      for (var tensor : result.all()) {
        for (var i = 0; i < tensor.elements(); i++) {
          assertTrue(Float.isFinite(tensor.getFloat(i)), "element " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aQueryThatIsNotANumberReachesItsOwnRow(Kernels kernels) {
    try (var fixture = fixture(kernels, 2)) {
      var tokens = 200;
      var q = fixture.normal(1, tokens, 32);
      var k = fixture.normal(1, tokens, 32);
      var v = fixture.normal(1, tokens, 32);
      var clean = fixture.compute(q, k, v, v, AttentionSegments.causal(tokens), 16);
      q.setFloat(77 * 32 + 3, Float.NaN);
      var result = fixture.compute(q, k, v, v, AttentionSegments.causal(tokens), 16);
      for (var i = 0; i < v.elements(); i++) {
        var isIts = i / 32 == 77 && i % 32 < 16;
        var y = result.y().getFloat(i);
        assertEquals(isIts ? Float.NaN : clean.y().getFloat(i), y, "y " + i);
        var dq = result.dq().getFloat(i);
        assertEquals(isIts ? Float.NaN : clean.dq().getFloat(i), dq, "dq " + i);
        // Keys that the query sees.
        assertTrue(i / 32 > 77 || i % 32 >= 16 || Float.isNaN(result.dv().getFloat(i)), "dv " + i);
      }
      // The next steps find nothing of it in memory that is used again.
      q.setFloat(77 * 32 + 3, 0);
      var after = fixture.compute(q, k, v, v, AttentionSegments.causal(tokens), 16);
      for (var tensor : after.all()) {
        for (var i = 0; i < tensor.elements(); i++) {
          assertFalse(Float.isNaN(tensor.getFloat(i)), "element " + i);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aKeyOrValueThatIsNotANumberReachesAllWhoSeeIt(Kernels kernels) {
    try (var fixture = fixture(kernels, 1)) {
      var tokens = 150;
      var q = fixture.normal(1, tokens, 16);
      var segments = AttentionSegments.causal(tokens);
      for (var isKey : new boolean[] {true, false}) {
        var k = fixture.normal(1, tokens, 16);
        var v = fixture.normal(1, tokens, 16);
        (isKey ? k : v).setFloat(100 * 16, Float.NaN);
        var y = fixture.compute(q, k, v, v, segments, 16).y();
        for (var row = 100; row < tokens; row++) {
          assertTrue(Float.isNaN(y.getFloat(row * 16L)), "row " + row);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void bitsDoNotDependOnTheThreads(Kernels kernels) {
    for (var shape : new int[][] {{4, 2, 64}, {18, 3, 16}, {40, 1, 16}, {1, 1, 128}}) {
      var all = new ArrayList<AttentionFixture.Result>();
      try (var fixture = fixture(kernels, 1);
          var two = new CpuDevice(kernels, new WorkerPool(2));
          var three = new CpuDevice(kernels, new WorkerPool(3))) {
        var forest = fixture.forest(8, 150);
        var columns = (long) shape[0] * shape[2];
        var q = fixture.normal(1, forest.queries(), columns);
        var k = fixture.normal(1, forest.queries(), columns / shape[1]);
        var v = fixture.normal(1, forest.queries(), columns / shape[1]);
        for (var device : List.of(fixture.device, two, three)) {
          all.add(fixture.compute(device, q, k, v, q, forest, shape[2]));
        }
        for (var result : all) {
          for (var i = 0; i < 4; i++) {
            assertEquals(
                -1, all.getFirst().all().get(i).data().mismatch(result.all().get(i).data()));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void oneVariableMayBeQueriesKeysAndValues(Kernels kernels) {
    try (var fixture = fixture(kernels, 2)) {
      var x = fixture.normal(1, 140, 16);
      var dy = fixture.normal(1, 140, 16);
      var segments = AttentionSegments.causal(140);
      var each = fixture.compute(x, x, x, dy, segments, 8);
      var tape = new Tape(fixture.device, fixture.workspace, fixture.gradients);
      var variable = tape.input(x);
      var y = Attention.apply(tape, variable, variable, variable, segments, 8);
      var seed = tape.allocate(DType.BF16, 140, 16);
      seed.copyFrom(dy);
      tape.backward(y, seed);
      var sum = Objects.requireNonNull(variable.gradient());
      for (var i = 0; i < x.elements(); i++) {
        var dq = each.dq().getFloat(i);
        var dk = each.dk().getFloat(i);
        var dv = each.dv().getFloat(i);
        // Each summand and each partial sum is rounded, to 2⁻⁸ of at most the three together.
        var error = 0x1p-6 * (Math.abs(dq) + Math.abs(dk) + Math.abs(dv));
        assertEquals(dq + dk + dv, sum.getFloat(i), error, "element " + i);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void keysThatNobodySeesHaveNoGradient(Kernels kernels) {
    var segments = new AttentionSegments(List.of(new Segment(0, 2, 4, 2, List.of())));
    try (var fixture = fixture(kernels, 2)) {
      var x = fixture.normal(1, 9, 8);
      var q = fixture.normal(1, 2, 8);
      var result = fixture.compute(q, x, x, q, segments, 8);
      for (var gradient : List.of(result.dk(), result.dv())) {
        for (var i = 0; i < gradient.elements(); i++) {
          assertEquals(i / 8 == 4 || i / 8 == 5, gradient.getFloat(i) != 0, "element " + i);
        }
      }
    }
  }
}
