package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.function.Function;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.AttentionSegments.Range;
import org.bayu.tensor.autograd.AttentionSegments.Segment;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.machine.TestTiers;
import org.bayu.tensor.internal.parallel.HeapAllocation;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.GradientClip;

/**
 * Fails if an op allocates more on the heap for more tokens, heads and segments: what a tape
 * records of it, and an object for each thread, is all that it may.
 */
public final class OpAllocation {
  /** As all widths here, a multiple of any vector's length: see {@code docs/kernels.md}. */
  private static final int HEAD_DIM = 32;

  private static final long WARM_UP_NANOS = 30_000_000_000L;
  private static final int CALLS = 20;

  /** More than an op needs for its tape, its tensors and two threads. */
  private static final long MOST = 10_000;

  /** Less than the smallest object for each task of the larger call. */
  private static final long TOLERANCE = 1000;

  private final Arena arena;
  private final CpuDevice device;
  private final Workspace workspace = new Workspace();
  private final List<Case> cases = new ArrayList<>();

  /** An op forward and backward, of some tokens and heads or of more. */
  private record Case(String name, Runnable small, Runnable large) {}

  private OpAllocation(Arena arena, CpuDevice device) {
    this.arena = arena;
    this.device = device;
  }

  /** Checks all; prints what remains. */
  public static void main(String[] arguments) {
    // Those with machine code for the tile alone have no ops of their own.
    var tiers = new HashSet<String>();
    for (var kernels : TestTiers.all()) {
      if (tiers.add(kernels.tier())) {
        check(kernels, 1);
        check(kernels, 2);
      }
    }
  }

  private static void check(Kernels kernels, int threads) {
    try (var arena = Arena.ofShared();
        var device = new CpuDevice(kernels, new WorkerPool(threads))) {
      var ops = new OpAllocation(arena, device);
      // Plain loops take their time.
      var more = kernels.tier().equals("scalar") ? 4 : 8;
      ops.addAll(DType.F32, more);
      ops.addAll(DType.BF16, more);
      ops.addOptimizer(more);
      for (var each : ops.cases) {
        var what =
            "%s, threads: %d, %s".formatted(kernels.getClass().getSimpleName(), threads, each.name);
        check(what, each);
      }
      ops.workspace.close();
    }
  }

  private static void check(String what, Case op) {
    var small = Long.MAX_VALUE;
    var large = Long.MAX_VALUE;
    var start = System.nanoTime();
    do {
      small = Math.min(small, HeapAllocation.of(CALLS, op.small) / CALLS);
      large = Math.min(large, HeapAllocation.of(CALLS, op.large) / CALLS);
    } while (large > limit(small) && System.nanoTime() - start < WARM_UP_NANOS);
    System.out.printf("%s: %d bytes, %d of more%n", what, small, large);
    if (large > limit(small)) {
      throw new AssertionError(what);
    }
  }

  private static long limit(long small) {
    return Math.min(small + TOLERANCE, MOST);
  }

  private void addAll(DType type, int more) {
    add(type + " attention", more, size -> attention(type, size, causal(size)));
    add(type + " attention of segments", more, size -> attention(type, size, tree(size)));
    add(type + " norm", more, size -> norm(type, size));
    add(type + " gate", more, size -> pair(type, size, SwiGlu::apply));
    add(type + " sum", more, size -> pair(type, size, Add::apply));
    add(type + " product", more, size -> pair(type, size, Multiply::apply));
    add(type + " rotation", more, size -> rotation(type, size));
    add(type + " dropout", more, size -> dropout(type, size));
    add(type + " embedding", more, size -> embedding(type, size));
    add(type + " linear", more, size -> linear(type, size));
  }

  private void add(String name, int more, Function<Integer, Runnable> ofSize) {
    cases.add(new Case(name, ofSize.apply(1), ofSize.apply(more)));
  }

  private Tensor tensor(DType type, long... dims) {
    var tensor = Tensor.allocate(arena, type, Shape.of(dims));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, i % 7 * 0.25f - 0.5f);
    }
    return tensor;
  }

  private static int tokens(int size) {
    return 48 * size;
  }

  private static int heads(int size) {
    return 2 * size;
  }

  private static AttentionSegments causal(int size) {
    return AttentionSegments.causal(tokens(size));
  }

  /** Branches of 24 tokens that see a common first one. */
  private static AttentionSegments tree(int size) {
    var segments = new ArrayList<Segment>();
    for (var start = 0; start < tokens(size); start += 24) {
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
    return () -> {
      workspace.reset();
      var tape = new Tape(device, workspace, gradients);
      var variables = new Variable[inputs.length];
      for (var i = 0; i < inputs.length; i++) {
        variables[i] = tape.input(inputs[i]);
      }
      var output = op.apply(tape, variables);
      var value = output.value();
      var gradient = tape.allocate(value.dtype(), value.shape().dims());
      gradient.zero();
      tape.backward(output, gradient);
    };
  }

  private Runnable passes(Op op, Tensor... inputs) {
    return passes(new Gradients(List.of()), op, inputs);
  }

  private Runnable attention(DType type, int size, AttentionSegments segments) {
    var q = tensor(type, tokens(size), (long) heads(size) * HEAD_DIM);
    var k = tensor(type, tokens(size), (long) size * HEAD_DIM);
    return passes(
        (tape, in) -> Attention.apply(tape, in[0], in[1], in[2], segments, HEAD_DIM), q, k, k);
  }

  private Runnable norm(DType type, int size) {
    var weight = tensor(type, 32);
    return passes(
        new Gradients(List.of(weight)),
        (tape, in) -> RmsNorm.apply(tape, in[0], weight, 1e-5f),
        tensor(type, 20L * tokens(size), 32));
  }

  /** An op of two inputs alike. */
  private interface PairOp {
    Variable apply(Tape tape, Variable a, Variable b);
  }

  private Runnable pair(DType type, int size, PairOp op) {
    var x = tensor(type, 300L * tokens(size), 32);
    return passes((tape, in) -> op.apply(tape, in[0], in[1]), x, x);
  }

  private Runnable rotation(DType type, int size) {
    var rows = 20 * tokens(size);
    var table =
        new RotaryTable(
            tensor(DType.F32, rows, HEAD_DIM / 2), tensor(DType.F32, rows, HEAD_DIM / 2));
    var positions = Tensor.allocate(arena, DType.I32, Shape.of(rows));
    return passes(
        (tape, in) -> RotaryEmbedding.apply(tape, in[0], positions, table),
        tensor(type, rows, (long) heads(size) * HEAD_DIM));
  }

  private Runnable dropout(DType type, int size) {
    var rows = new long[20 * tokens(size)];
    return passes(
        (tape, in) -> Dropout.apply(tape, in[0], 0.1f, 3, rows), tensor(type, rows.length, 32));
  }

  private Runnable embedding(DType type, int size) {
    var table = tensor(DType.F32, 50, 400L * size);
    var ids = Tensor.allocate(arena, DType.I32, Shape.of(10L * tokens(size)));
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

  private void addOptimizer(int more) {
    add("optimizer", more, this::optimizer);
  }

  private Runnable optimizer(int size) {
    var weight = tensor(DType.F32, 100_000L * size);
    var gradients = new Gradients(List.of(weight));
    var settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);
    var optimizer = new AdamW(device, List.of(new Parameter("weight", weight, true)), settings);
    return () -> {
      var norm = GradientClip.globalNorm(device, gradients);
      optimizer.step(gradients, 1e-3, GradientClip.scale(norm, 1));
    };
  }
}
