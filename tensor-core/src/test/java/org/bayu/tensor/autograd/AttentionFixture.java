package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;

/** Inputs of attention, and what it makes of them. */
final class AttentionFixture implements AutoCloseable {
  final Random random;
  final Device device;
  final Workspace workspace = new Workspace();
  final Gradients gradients = new Gradients(List.of());
  private final DType dtype;
  private final Arena arena = Arena.ofShared();

  /** Tensors of this type, on a device that this closes. */
  AttentionFixture(DType dtype, Device device) {
    this(dtype, device, new Random(8));
  }

  AttentionFixture(DType dtype, Device device, Random random) {
    this.random = random;
    this.dtype = dtype;
    this.device = device;
  }

  @Override
  public void close() {
    gradients.close();
    workspace.close();
    device.close();
    arena.close();
  }

  Tensor tensor(long rows, long columns) {
    return Tensor.allocate(arena, dtype, Shape.of(rows, columns));
  }

  Tensor normal(double size, long rows, long columns) {
    var tensor = tensor(rows, columns);
    for (var i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) (size * random.nextGaussian()));
    }
    return tensor;
  }

  /** What attention computes of y and of the gradients of Σ dy·y. */
  record Result(Tensor y, Tensor dq, Tensor dk, Tensor dv) {
    List<Tensor> all() {
      return List.of(y, dq, dk, dv);
    }
  }

  Result compute(Tensor q, Tensor k, Tensor v, Tensor dy, AttentionSegments segments, int headDim) {
    return compute(device, q, k, v, dy, segments, headDim);
  }

  Result compute(
      Device on, Tensor q, Tensor k, Tensor v, Tensor dy, AttentionSegments segments, int headDim) {
    var tape = new Tape(on, workspace, gradients);
    var inputs = List.of(tape.input(q), tape.input(k), tape.input(v));
    var y = Attention.apply(tape, inputs.get(0), inputs.get(1), inputs.get(2), segments, headDim);
    var value = copy(y.value());
    var seed = tape.allocate(y.value().dtype(), y.value().shape().dims());
    seed.copyFrom(dy);
    tape.backward(y, seed);
    var results = inputs.stream().map(x -> copy(Objects.requireNonNull(x.gradient()))).toList();
    tape.releaseAll();
    return new Result(value, results.get(0), results.get(1), results.get(2));
  }

  Tensor copy(Tensor tensor) {
    var copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
    copy.copyFrom(tensor);
    return copy;
  }

  /** Segments of random lengths, each below a random earlier one or a root; contexts in pieces. */
  AttentionSegments forest(int segments, int longest) {
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

  /** Sequences behind a common prefix, and the same each with a prefix of its own. */
  record Prefixed(AttentionSegments shared, AttentionSegments alone, List<Integer> rows) {
    /** Rows of the shared form. */
    int count() {
      return shared.queries();
    }
  }

  /** Row i of the second form is row {@code rows[i]} of the first. */
  static Prefixed prefixed(int prefix, int... rest) {
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
    return new Prefixed(new AttentionSegments(shared), new AttentionSegments(alone), rows);
  }

  Tensor gathered(Tensor x, List<Integer> rows) {
    var y = tensor(rows.size(), x.columns());
    for (var i = 0; i < rows.size(); i++) {
      y.slice(i, i + 1).copyFrom(x.slice(rows.get(i), rows.get(i) + 1));
    }
    return y;
  }

  /** The sums of the rows that are the same, in F32. */
  Tensor scattered(Tensor x, List<Integer> rows, int count) {
    var y = Tensor.allocate(arena, DType.F32, Shape.of(count, x.columns()));
    for (var i = 0; i < x.elements(); i++) {
      var at = (long) rows.get(i / x.columns()) * x.columns() + i % x.columns();
      y.setFloat(at, y.getFloat(at) + x.getFloat(i));
    }
    return y;
  }

  /** Compares with the oracle, whose bounds are those of bf16. */
  void requireEqualsOracle(
      Tensor q, Tensor k, Tensor v, Tensor dy, AttentionSegments segments, int headDim) {
    var oracle = new AttentionOracle(q, k, v, dy, segments, headDim);
    var result = compute(q, k, v, dy, segments, headDim);
    requireWithin(oracle.y, oracle.yError, result.y(), "y");
    requireWithin(oracle.dq, oracle.dqError, result.dq(), "dq");
    requireWithin(oracle.dk, oracle.dkError, result.dk(), "dk");
    requireWithin(oracle.dv, oracle.dvError, result.dv(), "dv");
  }

  private static void requireWithin(
      double[] expected, double[] errors, Tensor actual, String result) {
    for (var i = 0; i < expected.length; i++) {
      // Numbers too small for binary32 become zero.
      if (!(Math.abs(expected[i] - actual.getFloat(i)) <= errors[i] + 1e-30)) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "%s %d is %s, not %s ± %s",
                result,
                i,
                actual.getFloat(i),
                expected[i],
                errors[i]));
      }
    }
  }
}
