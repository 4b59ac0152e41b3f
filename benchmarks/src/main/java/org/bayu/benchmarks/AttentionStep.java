package org.bayu.benchmarks;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Attention;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.MatMul;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.jspecify.annotations.Nullable;

/**
 * Causal self-attention of one sequence on random queries, keys and values, forward and backward.
 *
 * <p>The loss is Σ y·dy, so that the gradient of each row of y is the vector {@code dy}; computing
 * it costs two passes over y. Owns its memory until {@link #close}, but not the device.
 */
final class AttentionStep implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final Device device;
  private final Workspace workspace = new Workspace();
  private final Gradients gradients = new Gradients(List.of());
  private final AttentionSegments segments;
  private final int tokens;
  private final int heads;
  private final int headDim;
  private final Tensor ones;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;

  /** [1, heads·headDim]. */
  private final Tensor dy;

  /** What a step computed, valid until the next. */
  private record Result(Tensor dq, Tensor dk, Tensor dv) {}

  AttentionStep(Device device, DType dtype, int tokens, int heads, int headDim) {
    this.device = device;
    this.tokens = tokens;
    this.heads = heads;
    this.headDim = headDim;
    segments = AttentionSegments.causal(tokens);
    q = RandomData.tensor(arena, dtype, 1, tokens, (long) heads * headDim);
    k = RandomData.tensor(arena, dtype, 2, tokens, (long) heads * headDim);
    v = RandomData.tensor(arena, dtype, 3, tokens, (long) heads * headDim);
    dy = RandomData.tensor(arena, dtype, 4, 1, (long) heads * headDim);
    ones = Tensor.allocate(arena, dtype, Shape.of(1, tokens));
    for (var i = 0; i < tokens; i++) {
      ones.setFloat(i, 1);
    }
  }

  /** Forward and backward. */
  void run() {
    run(null);
  }

  private Result run(@Nullable Tensor copyOfY) {
    workspace.reset();
    var tape = new Tape(device, workspace, gradients);
    var queries = tape.input(q);
    var keys = tape.input(k);
    var values = tape.input(v);
    var y = Attention.apply(tape, queries, keys, values, segments, headDim);
    if (copyOfY != null) {
      // The backward pass frees it.
      copyOfY.copyFrom(y.value());
    }
    // [T, H·headDim] × [1, H·headDim]ᵀ → [T, 1]; [1, T] × [T, 1] → [1, 1]
    var products = Linear.apply(tape, y, dy, null, null);
    tape.backward(MatMul.apply(tape, tape.constant(ones), products));
    return new Result(gradient(queries), gradient(keys), gradient(values));
  }

  private static Tensor gradient(Variable input) {
    var gradient = input.gradient();
    if (gradient == null) {
      throw new IllegalStateException("attention gave no gradient");
    }
    return gradient;
  }

  /** Additions and multiplications: two products forward, five backward, of the causal half. */
  double flops() {
    return 7.0 * 2 * headDim * heads * tokens * tokens / 2;
  }

  /**
   * Computes a step and compares one row of the results, in the last head, with the formulas in
   * double precision.
   *
   * @throws IllegalStateException if one differs by more than 2 % of its length: bf16 rounds by 0.2
   *     to 0.4 % in several places, a wrong mask or scale is seen
   */
  void check() {
    var actualY = Tensor.allocate(arena, q.dtype(), q.shape());
    var result = run(actualY);
    var row = tokens - 3;
    var at = (heads - 1) * headDim;
    var y = new double[headDim];
    var dq = new double[headDim];
    var dk = new double[headDim];
    var dv = new double[headDim];
    var scale = 1 / Math.sqrt(headDim);
    for (var i = row; i < tokens; i++) {
      var p = probabilities(i, at, scale);
      var dp = new double[i + 1];
      var mean = 0.0;
      for (var j = 0; j <= i; j++) {
        dp[j] = dot(dy, 0, v, j, at);
        mean += p[j] * dp[j];
      }
      for (var f = 0; f < headDim; f++) {
        dk[f] += scale * p[row] * (dp[row] - mean) * element(q, i, at + f);
        dv[f] += p[row] * element(dy, 0, at + f);
        for (var j = 0; i == row && j <= i; j++) {
          y[f] += p[j] * element(v, j, at + f);
          dq[f] += scale * p[j] * (dp[j] - mean) * element(k, j, at + f);
        }
      }
    }
    compare("y", actualY, row, at, y);
    compare("dq", result.dq, row, at, dq);
    compare("dk", result.dk, row, at, dk);
    compare("dv", result.dv, row, at, dv);
  }

  private double[] probabilities(int i, int at, double scale) {
    var p = new double[i + 1];
    for (var j = 0; j <= i; j++) {
      p[j] = Math.exp(scale * dot(q, i, k, j, at));
    }
    var sum = Arrays.stream(p).sum();
    return Arrays.stream(p).map(e -> e / sum).toArray();
  }

  private double dot(Tensor a, int i, Tensor b, int j, int at) {
    var sum = 0.0;
    for (var f = 0; f < headDim; f++) {
      sum += element(a, i, at + f) * element(b, j, at + f);
    }
    return sum;
  }

  private static double element(Tensor matrix, int i, int j) {
    return matrix.getFloat((long) i * matrix.columns() + j);
  }

  private static void compare(String name, Tensor actual, int row, int at, double[] expected) {
    var error = 0.0;
    var length = 0.0;
    for (var f = 0; f < expected.length; f++) {
      error += Math.pow(element(actual, row, at + f) - expected[f], 2);
      length += Math.pow(expected[f], 2);
    }
    if (!(Math.sqrt(error) <= 0.02 * Math.sqrt(length))) {
      throw new IllegalStateException(
          String.format(
              Locale.ROOT,
              "attention: %s of row %d is off by %.2g of %.2g",
              name,
              row,
              Math.sqrt(error),
              Math.sqrt(length)));
    }
  }

  @Override
  public void close() {
    workspace.close();
    gradients.close();
    arena.close();
  }
}
