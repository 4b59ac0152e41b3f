package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.machine.CodeAndLoops;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention of single tokens that read a cache, without a backward pass. */
class CacheAttentionTest {
  /** Rows that all sequences see. */
  private static final List<Range> PREFIX = List.of(new Range(40, 7), new Range(50, 30));

  /** Own keys of single tokens; around a piece's 256, and one longer. */
  private static final int[] LENGTHS = {2, 256, 257, 520};

  private static final long HEADS = 10;
  private static final long KV_HEADS = 2;

  static List<Kernels> tiers() {
    return CodeAndLoops.all();
  }

  private static Device device(Kernels kernels, int threads) {
    return new CpuDevice(kernels, new WorkerPool(threads));
  }

  /** Single tokens with and without the prefix, and two prompts between them. */
  private static AttentionSegments mixed() {
    var segments = new ArrayList<Segment>();
    var query = 0;
    var key = 80;
    for (var i = 0; i < LENGTHS.length; i++) {
      var context = i % 3 == 2 ? List.<Range>of() : PREFIX;
      segments.add(new Segment(query++, 1, key, LENGTHS[i], context));
      key += LENGTHS[i];
      if (i % 2 == 0) {
        segments.add(new Segment(query, 5, key, 9, PREFIX));
        query += 5;
        key += 9;
      }
    }
    return new AttentionSegments(segments);
  }

  private static float[] forward(
      Device device,
      AttentionFixture fixture,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim) {
    var tape = Tape.inference(device, fixture.workspace);
    var inputs = List.of(tape.constant(q), tape.constant(k), tape.constant(v));
    var y = Attention.apply(tape, inputs.get(0), inputs.get(1), inputs.get(2), segments, headDim);
    var values = y.value().toFloats();
    fixture.workspace.reset();
    return values;
  }

  @Test
  void singleTokensAttendAsByDefinition() {
    requireEqualsOracle(DType.BF16, 24, mixed());
    requireEqualsOracle(DType.F32, 8, mixed());
  }

  /** Many tokens behind one prefix, more than are read together. */
  @Test
  void aSharedPrefixIsReadForMany() {
    var segments = new ArrayList<Segment>();
    for (var i = 0; i < 19; i++) {
      segments.add(new Segment(i, 1, 260 + 3 * i, 2, List.of(new Range(0, 260))));
    }
    requireEqualsOracle(DType.BF16, 8, new AttentionSegments(segments));
  }

  private static void requireEqualsOracle(DType dtype, int headDim, AttentionSegments segments) {
    try (var fixture = new AttentionFixture(dtype, device(ScalarKernels.INSTANCE, 1))) {
      var q = fixture.normal(3, segments.queries(), HEADS * headDim);
      var k = fixture.normal(1, segments.keys(), KV_HEADS * headDim);
      var v = fixture.normal(1, segments.keys(), KV_HEADS * headDim);
      var oracle = new AttentionOracle(q, k, v, q, segments, headDim);
      for (var kernels : tiers()) {
        try (var device = device(kernels, 2)) {
          var y = forward(device, fixture, q, k, v, segments, headDim);
          for (var i = 0; i < y.length; i++) {
            var error = oracle.yError[i] * (dtype == DType.BF16 ? 1 : 0x1p-8);
            var expected = oracle.y[i];
            var actual = y[i];
            assertTrue(
                Math.abs(expected - actual) <= error,
                () -> kernels + ": " + actual + ", not " + expected + " ± " + error);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void bitsHangOnNeitherTheBatchNorTheThreads(Kernels kernels) {
    var segments = mixed();
    var headDim = 24;
    try (var fixture = new AttentionFixture(DType.BF16, device(kernels, 1));
        var threads = device(kernels, 3)) {
      var q = fixture.normal(3, segments.queries(), HEADS * headDim);
      var k = fixture.normal(1, segments.keys(), KV_HEADS * headDim);
      var v = fixture.normal(1, segments.keys(), KV_HEADS * headDim);
      var y = forward(fixture.device, fixture, q, k, v, segments, headDim);
      assertArrayEquals(y, forward(threads, fixture, q, k, v, segments, headDim), "three threads");
      for (var segment : segments.segments()) {
        if (segment.queryLength() == 1) {
          var row = segment.queryStart();
          var alone =
              new AttentionSegments(
                  List.of(
                      new Segment(
                          0, 1, segment.keyStart(), segment.keyLength(), segment.context())));
          assertArrayEquals(
              Arrays.copyOfRange(y, row * q.columns(), (row + 1) * q.columns()),
              forward(fixture.device, fixture, q.slice(row, row + 1), k, v, alone, headDim),
              "token " + row + " alone");
        }
      }
    }
  }
}
