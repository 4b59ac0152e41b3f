package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + bias + scale·(x·Aᵀ)·Bᵀ, as one matrix product with K + rank steps. The low-rank term
 * needs no second pass over y or dx.
 *
 * <p>T tokens, K inputs, N outputs: x [T, K], W [N, K], bias [N], A [rank, K], B [N, rank], y [T,
 * N]. Weights are rounded to x's type while they are packed, products are summed in binary32. Hu et
 * al. 2021, "LoRA: Low-Rank Adaptation of Large Language Models".
 */
public final class Linear {
  private static final Matrix ONE =
      new Matrix(Tensor.ofFloats(Arena.global(), Shape.of(1), 1).data(), 0, DType.F32, 0, 0);

  private Linear() {}

  /**
   * A low-rank addition to a weight.
   *
   * @param a [rank, K]
   * @param b [N, rank]
   * @param scale alpha / rank
   * @param input what A multiplies instead of x, such as x after dropout; null for x itself
   */
  public record LowRank(Tensor a, Tensor b, float scale, @Nullable Variable input) {}

  /**
   * The linear layer; {@code bias} and {@code lowRank} may be absent. Gradients go to x and to
   * every weight that is trainable. An input of the low-rank term that is not x is {@linkplain
   * Tape#forget forgotten} behind the layer.
   *
   * @throws ShapeException if the shapes do not fit
   */
  public static Variable apply(
      Tape tape, Variable x, Tensor weight, @Nullable Tensor bias, @Nullable LowRank lowRank) {
    return apply(tape, x, weight, bias, lowRank, x.value().dtype());
  }

  /**
   * The same with y of another type than x: F32 of bf16 operands has their sums unrounded.
   *
   * @param result y's type
   */
  public static Variable apply(
      Tape tape,
      Variable x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable LowRank lowRank,
      DType result) {
    check(x.value(), weight, bias, lowRank);
    var gemm = tape.device().gemm();
    var type = x.value().dtype();
    var t = x.value().rows();
    var k = weight.columns();
    var n = weight.rows();

    var terms = new ArrayList<Term>();
    terms.add(new Term(Matrix.of(x.value()), Matrix.of(weight).transposed(), k));
    if (bias != null) {
      // [T, 1] × [1, N]
      terms.add(new Term(ONE, new Matrix(bias.data(), 0, bias.dtype(), 0, 1), 1));
    }
    Tensor down = null;
    if (lowRank != null) {
      var rank = lowRank.a.rows();
      down = tape.allocate(type, t, rank);
      // scale · [T, K] × [rank, K]ᵀ → [T, rank]
      gemm.multiply(
          t,
          rank,
          type,
          lowRank.scale,
          false,
          Matrix.of(down),
          new Term(
              Matrix.of(lowRankInput(x, lowRank).value()), Matrix.of(lowRank.a).transposed(), k));
      terms.add(new Term(Matrix.of(down), Matrix.of(lowRank.b).transposed(), rank));
    }
    var y = tape.allocateValue(result, t, n);
    if (!tape.unread()) {
      gemm.multiply(t, n, type, 1, false, Matrix.of(y), terms.toArray(Term[]::new));
    }

    var requiresGradient =
        x.requiresGradient()
            || tape.trains(weight)
            || tape.trains(bias)
            || (lowRank != null
                && (tape.trains(lowRank.a)
                    || tape.trains(lowRank.b)
                    || lowRankInput(x, lowRank).requiresGradient()));
    if (lowRank != null && lowRank.input != null && lowRank.input != x) {
      tape.forget(lowRank.input);
    }
    var saved = down;
    var output =
        tape.record(
            "Linear",
            y,
            requiresGradient,
            dy -> backward(tape, x, weight, bias, lowRank, saved, dy.tensor()));
    if (saved != null && !output.requiresGradient()) {
      tape.release(saved);
    }
    return output;
  }

  static Variable lowRankInput(Variable x, LowRank lowRank) {
    return lowRank.input == null ? x : lowRank.input;
  }

  private static void backward(
      Tape tape,
      Variable x,
      Tensor weight,
      @Nullable Tensor bias,
      @Nullable LowRank lowRank,
      @Nullable Tensor down,
      Tensor dy) {
    var gemm = tape.device().gemm();
    var type = dy.dtype();
    var t = dy.rows();
    var n = dy.columns();
    var dyTransposed = Matrix.of(dy).transposed();

    List<Term> dxTerms = new ArrayList<>();
    dxTerms.add(new Term(Matrix.of(dy), Matrix.of(weight), n));
    if (lowRank != null && down != null) {
      var rank = lowRank.a.rows();
      var lowRankInput = lowRankInput(x, lowRank);
      // dB: [T, N]ᵀ × [T, rank] → [N, rank]
      addWeightGradient(tape, lowRank.b, type, new Term(dyTransposed, Matrix.of(down), t));
      var dDown = tape.allocate(type, t, rank);
      // scale · [T, N] × [N, rank] → [T, rank]
      gemm.multiply(
          t,
          rank,
          type,
          lowRank.scale,
          false,
          Matrix.of(dDown),
          new Term(Matrix.of(dy), Matrix.of(lowRank.b), n));
      // dA: [T, rank]ᵀ × [T, K] → [rank, K]
      addWeightGradient(
          tape,
          lowRank.a,
          type,
          new Term(Matrix.of(dDown).transposed(), Matrix.of(lowRankInput.value()), t));
      var toInput = new Term(Matrix.of(dDown), Matrix.of(lowRank.a), rank);
      if (lowRankInput == x) {
        dxTerms.add(toInput);
      } else {
        addInputGradient(tape, gemm, lowRankInput, toInput);
      }
      // [T, N] × [N, K] + [T, rank] × [rank, K] → [T, K]
      addInputGradient(tape, gemm, x, dxTerms.toArray(Term[]::new));
      tape.release(dDown);
      tape.release(down);
    } else {
      addInputGradient(tape, gemm, x, dxTerms.toArray(Term[]::new));
    }
    if (tape.trains(weight)) {
      // dW: [T, N]ᵀ × [T, K] → [N, K]
      addWeightGradient(tape, weight, type, new Term(dyTransposed, Matrix.of(x.value()), t));
    }
    if (bias != null) {
      // [N, T] × [T, 1] → [N, 1]
      addWeightGradient(tape, bias, type, new Term(dyTransposed, ONE, t));
    }
  }

  private static void addInputGradient(Tape tape, Gemm gemm, Variable x, Term... terms) {
    var target = tape.target(x);
    if (target == null) {
      return;
    }
    var dx = target.tensor();
    gemm.multiply(
        dx.rows(), dx.columns(), dx.dtype(), 1, target.accumulate(), Matrix.of(dx), terms);
  }

  static void addWeightGradient(Tape tape, Tensor weight, DType operands, Term term) {
    tape.addGradient(
        weight,
        target -> {
          var gradient = target.tensor();
          if (gradient.shape().rank() == 1) {
            gradient = gradient.reshape(gradient.elements(), 1);
          }
          tape.device()
              .gemm()
              .multiply(
                  gradient.rows(),
                  gradient.columns(),
                  operands,
                  1,
                  target.accumulate(),
                  Matrix.of(gradient),
                  term);
        });
  }

  static void check(Tensor x, Tensor weight, @Nullable Tensor bias, @Nullable LowRank lowRank) {
    if (x.shape().rank() != 2 || weight.shape().rank() != 2 || x.dim(1) != weight.dim(1)) {
      throw new ShapeException("linear: x %s × weight %s transposed".formatted(x, weight));
    }
    if (bias != null && !bias.shape().equals(Shape.of(weight.dim(0)))) {
      throw new ShapeException("linear: bias %s of weight %s".formatted(bias, weight));
    }
    if (lowRank != null) {
      var a = lowRank.a;
      var b = lowRank.b;
      if (a.shape().rank() != 2
          || b.shape().rank() != 2
          || a.dim(1) != weight.dim(1)
          || b.dim(0) != weight.dim(0)
          || a.dim(0) != b.dim(1)) {
        throw new ShapeException("linear: A %s, B %s of weight %s".formatted(a, b, weight));
      }
    }
  }
}
