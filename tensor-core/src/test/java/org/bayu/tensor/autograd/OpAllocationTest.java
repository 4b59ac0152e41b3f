package org.bayu.tensor.autograd;

import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarBFloat16;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.machine.CodeAndLoops;
import org.bayu.tensor.internal.parallel.HeapAllocation;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.GradientClip;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * An op allocates no more for more tokens, heads and segments: what a tape records of it, and an
 * object for each thread, is all that it may.
 */
class OpAllocationTest {
  private static final int HEAD_DIM = 32;

  private static final int CALLS = 5;

  /** More than an op needs for its tape, its tensors and two threads. */
  private static final long MOST = 10_000;

  /** Less than the smallest object for each task of the larger call. */
  private static final long TOLERANCE = 1000;

  private final Arena arena = Arena.ofShared();
  private final Workspace workspace = new Workspace();
  private CpuDevice device = new CpuDevice(ScalarKernels.INSTANCE, new WorkerPool(1));

  static List<Kernels> kernels() {
    return CodeAndLoops.all();
  }

  @AfterEach
  void free() {
    device.close();
    workspace.close();
    arena.close();
  }

  private void useDevice(Kernels kernels, int threads) {
    device.close();
    device = new CpuDevice(kernels, new WorkerPool(threads));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void attentionAllocatesNoMoreForMoreTokensHeadsAndSegments(Kernels kernels) {
    for (var threads = 1; threads <= 2; threads++) {
      useDevice(kernels, threads);
      for (var type : new DType[] {DType.F32, DType.BF16}) {
        check(type + " attention", size -> attention(type, size, causal(size)));
        check(type + " attention of segments", size -> attention(type, size, tree(size)));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void opsAllocateNoMoreForMoreTokens(int threads) {
    useDevice(ScalarKernels.INSTANCE, threads);
    for (var type : new DType[] {DType.F32, DType.BF16}) {
      check(type + " norm", size -> norm(type, size));
      check(type + " gate", size -> pair(type, size, SwiGlu::apply));
      check(type + " sum", size -> pair(type, size, Add::apply));
      check(type + " product", size -> pair(type, size, Multiply::apply));
      check(type + " rotation", size -> rotation(type, size));
      check(type + " dropout", size -> dropout(type, size));
      check(type + " embedding", size -> embedding(type, size));
      check(type + " linear", size -> linear(type, size));
      check(type + " loss", size -> loss(type, size));
    }
    for (var moments : AdamW.Moments.values()) {
      check("optimizer, " + moments, size -> optimizer(moments, size));
    }
  }

  @Test
  void loopsOverBFloat16AllocateNoMoreForMoreTokens() {
    for (var kernels : kernels()) {
      if (kernels.bfloat16Loops() != null) {
        loopsOverBFloat16AllocateNoMoreForMoreTokens(kernels);
      }
    }
    loopsOverBFloat16AllocateNoMoreForMoreTokens(ScalarBFloat16.TIER);
  }

  private void loopsOverBFloat16AllocateNoMoreForMoreTokens(Kernels kernels) {
    useDevice(kernels, 2);
    check("gate", size -> pair(DType.BF16, size, SwiGlu::apply));
    check("rotation", size -> rotation(DType.BF16, size));
    check("norm", this::normOfResiduals);
    check("loss", size -> loss(DType.BF16, size));
  }

  /** Compares calls of size 1 and 4. */
  private void check(String what, Function<Integer, Runnable> ofSize) {
    var one = ofSize.apply(1);
    var four = ofSize.apply(4);
    var start = System.nanoTime();
    var small = Long.MAX_VALUE;
    var large = Long.MAX_VALUE;
    do {
      small = Math.min(small, HeapAllocation.of(CALLS, one) / CALLS);
      large = Math.min(large, HeapAllocation.of(CALLS, four) / CALLS);
    } while (large > limit(small) && System.nanoTime() - start < HeapAllocation.WARM_UP_NANOS);
    if (large > limit(small)) {
      fail(
          String.format(
              Locale.ROOT,
              "%s, threads: %d: %d bytes, not %d",
              what,
              device.threads(),
              large,
              small));
    }
  }

  private static long limit(long small) {
    return Math.min(small + TOLERANCE, MOST);
  }

  private Tensor tensor(DType type, long... dims) {
    var tensor = Tensor.allocate(arena, type, Shape.of(dims));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, i % 7 * 0.25f - 0.5f);
    }
    return tensor;
  }

  private static int tokens(int size) {
    return 144 * size;
  }

  /** Attention's time grows by the cube of the size: fewer tokens, in more than one block. */
  private static int attended(int size) {
    return 72 * size;
  }

  private static int heads(int size) {
    return 2 * size;
  }

  private static AttentionSegments causal(int size) {
    return AttentionSegments.causal(attended(size));
  }

  /** Branches of 24 tokens that see a common first one. */
  private static AttentionSegments tree(int size) {
    var segments = new ArrayList<Segment>();
    for (var start = 0; start < attended(size); start += 24) {
      var context = start == 0 ? List.<Range>of() : List.of(new Range(0, 24));
      segments.add(new Segment(start, 24, start, 24, context));
    }
    return new AttentionSegments(segments);
  }

  /** An op of some inputs. */
  private interface Op {
    Variable apply(Tape tape, Variable... inputs);
  }

  /** Both passes of an op. */
  private Runnable passes(Gradients gradients, Op op, Tensor... inputs) {
    var pass = new Tape(device, workspace, gradients);
    return () -> {
      workspace.reset();
      // One of the tapes of a pass, so that it knows the pass's tiles.
      var tape = pass.recomputing();
      var variables = new Variable[inputs.length];
      for (var i = 0; i < inputs.length; i++) {
        variables[i] = tape.input(inputs[i]);
      }
      var output = op.apply(tape, variables);
      var value = output.value();
      var gradient = tape.allocate(value.dtype(), value.shape().dims());
      gradient.zero();
      gradient.setFloat(0, 1); // as a loss asks for
      tape.backward(output, gradient);
    };
  }

  private Runnable passes(Op op, Tensor... inputs) {
    return passes(new Gradients(List.of()), op, inputs);
  }

  private Runnable attention(DType type, int size, AttentionSegments segments) {
    var q = tensor(type, attended(size), (long) heads(size) * HEAD_DIM);
    var k = tensor(type, attended(size), (long) size * HEAD_DIM);
    return passes(
        (tape, in) -> Attention.apply(tape, in[0], in[1], in[2], segments, HEAD_DIM), q, k, k);
  }

  private Runnable norm(DType type, int size) {
    var weight = tensor(type, 32);
    return passes(
        new Gradients(List.of(weight)),
        (tape, in) -> RmsNorm.apply(tape, in[0], weight, 1e-5f),
        tensor(type, 7L * tokens(size), 32));
  }

  /** A norm with a frozen weight of an F32 stream, in bf16. */
  private Runnable normOfResiduals(int size) {
    var weight = tensor(DType.F32, 32);
    return passes(
        (tape, in) -> RmsNorm.apply(tape, in[0], weight, 1e-5f, DType.BF16),
        tensor(DType.F32, 7L * tokens(size), 32));
  }

  /** An op of two inputs alike. */
  private interface PairOp {
    Variable apply(Tape tape, Variable a, Variable b);
  }

  private Runnable pair(DType type, int size, PairOp op) {
    var x = tensor(type, 100L * tokens(size), 32);
    return passes((tape, in) -> op.apply(tape, in[0], in[1]), x, x);
  }

  private Runnable rotation(DType type, int size) {
    var rows = 7 * tokens(size);
    var table =
        new RotaryTable(
            tensor(DType.F32, rows, HEAD_DIM / 2), tensor(DType.F32, rows, HEAD_DIM / 2));
    var positions = Tensor.allocate(arena, DType.I32, Shape.of(rows));
    return passes(
        (tape, in) -> RotaryEmbedding.apply(tape, in[0], positions, table),
        tensor(type, rows, (long) heads(size) * HEAD_DIM));
  }

  private Runnable dropout(DType type, int size) {
    var rows = new long[7 * tokens(size)];
    return passes(
        (tape, in) -> Dropout.apply(tape, in[0], 0.1f, 3, rows), tensor(type, rows.length, 32));
  }

  private Runnable embedding(DType type, int size) {
    var table = tensor(DType.F32, 50, 400L * size);
    var ids = Tensor.allocate(arena, DType.I32, Shape.of(3L * tokens(size)));
    return passes(
        new Gradients(List.of(table)), (tape, in) -> Embedding.apply(tape, ids, table, type));
  }

  private Runnable linear(DType type, int size) {
    var weight = tensor(type, 60L * size, 32);
    var lowRank = new Linear.LowRank(tensor(type, 4, 32), tensor(type, 60L * size, 4), 2, null);
    return passes(
        new Gradients(List.of(lowRank.a(), lowRank.b())),
        (tape, in) -> Linear.apply(tape, in[0], weight, null, lowRank),
        tensor(type, tokens(size), 32));
  }

  /** Some targets a row. */
  private Runnable loss(DType type, int size) {
    var rows = tokens(size);
    var weight = tensor(type, 40, 32);
    var lowRank = new Linear.LowRank(tensor(type, 4, 32), tensor(type, 40, 4), 2, null);
    var targetRows = new int[3 * rows];
    Arrays.setAll(targetRows, i -> i * 7 % rows);
    var weights = new double[3 * rows];
    Arrays.fill(weights, 0.5);
    var targets = new Targets(targetRows, new int[3 * rows], weights);
    return passes(
        new Gradients(List.of(weight, lowRank.a(), lowRank.b())),
        (tape, in) -> LinearCrossEntropy.apply(tape, in[0], weight, lowRank, targets),
        tensor(type, rows, 32));
  }

  private Runnable optimizer(AdamW.Moments moments, int size) {
    var weight = tensor(DType.F32, 100_000L * size);
    var gradients = new Gradients(List.of(weight));
    var settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, moments);
    var optimizer = new AdamW(device, List.of(new Parameter("weight", weight, true)), settings);
    return () -> {
      var norm = GradientClip.globalNorm(device, gradients);
      optimizer.step(gradients, 1e-3, GradientClip.scale(norm, 1));
    };
  }
}
