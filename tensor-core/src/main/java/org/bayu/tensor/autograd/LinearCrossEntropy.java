package org.bayu.tensor.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.internal.elements.CrossEntropyRows;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.TargetGroups;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.jspecify.annotations.Nullable;

/**
 * Σ weightᵢ · (logΣexp(z) − z[classᵢ]), z = the logits of row rowᵢ: the head's matrix product, the
 * softmax and the loss in one pass, gradients included.
 *
 * <p>T rows, D features, V classes: hidden [T, D], weight [V, D]. Only rows that have a target are
 * computed, each once however many targets it has, and some rows at a time. The logits, F32, are
 * never stored as a whole; their gradients overwrite them. The loss is summed in double.
 *
 * <p>On a recording tape the result must be the root of the backward pass: this op adds the
 * weights' gradients at once, while it has the logits. To that of the weight it makes one addition,
 * however many rows there are.
 */
public final class LinearCrossEntropy {
  /** Bytes of logits held at one time: a thousand rows of Llama 2, for which packing W pays. */
  private static final long CHUNK_BYTES = 128 << 20;

  private final Tape tape;
  private final Variable hidden;
  private final Tensor weight;
  private final @Nullable LowRank lowRank;
  private final Variable lowRankInput;
  private final TargetGroups groups;
  private final CrossEntropyRows rows;
  private final boolean gradients;
  private @Nullable GradientTarget weightGradient;
  private double loss;

  private LinearCrossEntropy(
      Tape tape,
      Variable hidden,
      Tensor weight,
      @Nullable LowRank lowRank,
      Targets targets,
      boolean gradients) {
    this.tape = tape;
    this.hidden = hidden;
    this.weight = weight;
    this.lowRank = lowRank;
    lowRankInput = lowRank == null ? hidden : Linear.lowRankInput(hidden, lowRank);
    this.gradients = gradients;
    groups = new TargetGroups(tape.workspace(), targets, hidden.value().rows());
    rows =
        new CrossEntropyRows(
            tape.device(), groups, targets, weight.rows(), hidden.value().dtype(), gradients);
  }

  /**
   * The loss, an F32 scalar.
   *
   * @param lowRank added to {@code weight} as in {@link Linear}, or null
   * @throws ShapeException if the shapes do not fit or a target is out of range
   */
  public static Variable apply(
      Tape tape, Variable hidden, Tensor weight, @Nullable LowRank lowRank, Targets targets) {
    Linear.check(hidden.value(), weight, null, lowRank);
    for (var i = 0; i < targets.size(); i++) {
      var row = targets.rows()[i];
      var target = targets.classes()[i];
      if (row < 0 || row >= hidden.value().rows() || target < 0 || target >= weight.rows()) {
        throw new ShapeException(
            String.format(
                Locale.ROOT,
                "cross-entropy: target %d of row %d, hidden %s, weight %s",
                target,
                row,
                hidden.value(),
                weight));
      }
    }
    var requiresGradient =
        tape.recording()
            && (hidden.requiresGradient()
                || tape.trains(weight)
                || (lowRank != null
                    && (tape.trains(lowRank.a())
                        || tape.trains(lowRank.b())
                        || Linear.lowRankInput(hidden, lowRank).requiresGradient())));
    return new LinearCrossEntropy(tape, hidden, weight, lowRank, targets, requiresGradient)
        .compute();
  }

  private Variable compute() {
    var x = hidden.value();
    var count = groups.size();
    var chunk = Math.clamp(CHUNK_BYTES / (4L * weight.rows()), 1, Math.max(1, count));
    var dRows = gradients ? tape.allocate(x.dtype(), count, x.columns()) : null;
    var dLowRankRows =
        gradients && lowRankInput != hidden ? tape.allocate(x.dtype(), count, x.columns()) : dRows;
    if (gradients && tape.trains(weight)) {
      tape.addGradient(
          weight,
          target -> {
            if (count == 0 && !target.accumulate()) {
              target.tensor().zero();
            }
            weightGradient = target;
            chunks(count, chunk, dRows, dLowRankRows);
          });
    } else {
      chunks(count, chunk, dRows, dLowRankRows);
    }
    groups.releaseTargets(tape.workspace());
    if (!gradients) {
      groups.releaseRows(tape.workspace());
    }
    var value = tape.allocate(DType.F32);
    value.setFloat(0, (float) loss);
    return tape.record(
        "LinearCrossEntropy",
        value,
        gradients,
        gradient -> {
          if (gradient.tensor().getFloat(0) != 1) {
            throw new IllegalStateException("a cross-entropy must be the root of backward");
          }
          passOn(dRows, hidden);
          if (dLowRankRows != dRows) {
            passOn(dLowRankRows, lowRankInput);
          }
          groups.releaseRows(tape.workspace());
        });
  }

  private void passOn(@Nullable Tensor dRows, Variable x) {
    var target = tape.target(x);
    if (dRows != null && target != null) {
      Gather.scatter(tape, dRows, groups::row, target);
      tape.release(dRows);
    }
  }

  private void chunks(int count, int chunk, @Nullable Tensor dRows, @Nullable Tensor dLowRankRows) {
    for (var from = 0; from < count; from += chunk) {
      chunk(from, Math.min(from + chunk, count), dRows, dLowRankRows);
    }
  }

  /** Losses and gradients of the distinct rows {@code from} to {@code to − 1}. */
  private void chunk(int from, int to, @Nullable Tensor dRows, @Nullable Tensor dLowRankRows) {
    var gemm = tape.device().gemm();
    var type = hidden.value().dtype();
    var d = weight.columns();
    var v = weight.rows();
    var r = to - from;
    var x = tape.allocate(type, r, d);
    Gather.gather(tape, hidden.value(), i -> groups.row(from + i), x);
    var lowRankX = x;
    if (lowRankInput != hidden) {
      lowRankX = tape.allocate(type, r, d);
      Gather.gather(tape, lowRankInput.value(), i -> groups.row(from + i), lowRankX);
    }
    List<Term> terms = new ArrayList<>();
    terms.add(new Term(Matrix.of(x), Matrix.of(weight).transposed(), d));
    Tensor down = null;
    if (lowRank != null) {
      var rank = lowRank.a().rows();
      down = tape.allocate(type, r, rank);
      // scale · [R, D] × [rank, D]ᵀ → [R, rank]
      var term = new Term(Matrix.of(lowRankX), Matrix.of(lowRank.a()).transposed(), d);
      gemm.multiply(r, rank, type, lowRank.scale(), false, Matrix.of(down), term);
      terms.add(new Term(Matrix.of(down), Matrix.of(lowRank.b()).transposed(), rank));
    }
    var logits = tape.allocate(DType.F32, r, v);
    // [R, D] × [V, D]ᵀ → [R, V]
    gemm.multiply(r, v, type, 1, false, Matrix.of(logits), terms.toArray(Term[]::new));
    loss += rows.sum(from, r, logits.data());
    if (dRows != null && dLowRankRows != null) {
      // A row's gradient stands where its logits stood.
      var dLogits = new Matrix(logits.data(), 0, type, 4L * v / type.bytes(), 1);
      backward(x, lowRankX, dLogits, down, dRows.slice(from, to), dLowRankRows.slice(from, to));
      addWeightGradient(dLogits.transposed(), x, from > 0);
    }
    tape.release(logits);
    tape.release(x);
    tape.release(lowRankX);
    if (down != null) {
      tape.release(down);
    }
  }

  private void backward(
      Tensor x,
      Tensor lowRankX,
      Matrix dLogits,
      @Nullable Tensor down,
      Tensor dx,
      Tensor dLowRankX) {
    var gemm = tape.device().gemm();
    var type = x.dtype();
    var r = x.rows();
    var v = weight.rows();
    List<Term> terms = new ArrayList<>();
    terms.add(new Term(dLogits, Matrix.of(weight), v));
    var dLogitsTransposed = dLogits.transposed();
    Tensor dDown = null;
    if (lowRank != null && down != null) {
      var rank = lowRank.a().rows();
      // dB: [R, V]ᵀ × [R, rank] → [V, rank]
      Linear.addWeightGradient(
          tape, lowRank.b(), type, new Term(dLogitsTransposed, Matrix.of(down), r));
      dDown = tape.allocate(type, r, rank);
      // scale · [R, V] × [V, rank] → [R, rank]
      var term = new Term(dLogits, Matrix.of(lowRank.b()), v);
      gemm.multiply(r, rank, type, lowRank.scale(), false, Matrix.of(dDown), term);
      // dA: [R, rank]ᵀ × [R, D] → [rank, D]
      Linear.addWeightGradient(
          tape, lowRank.a(), type, new Term(Matrix.of(dDown).transposed(), Matrix.of(lowRankX), r));
      var toInput = new Term(Matrix.of(dDown), Matrix.of(lowRank.a()), rank);
      if (lowRankInput == hidden) {
        terms.add(toInput);
      } else if (lowRankInput.requiresGradient()) {
        // [R, rank] × [rank, D] → [R, D]
        gemm.multiply(r, weight.columns(), type, 1, false, Matrix.of(dLowRankX), toInput);
      }
    }
    if (hidden.requiresGradient()) {
      // [R, V] × [V, D] → [R, D]
      gemm.multiply(r, weight.columns(), type, 1, false, Matrix.of(dx), terms.toArray(Term[]::new));
    }
    if (dDown != null) {
      tape.release(dDown);
    }
  }

  /** dW: [R, V]ᵀ × [R, D] → [V, D], unless W is frozen. */
  private void addWeightGradient(Matrix dLogitsTransposed, Tensor x, boolean isLaterChunk) {
    var target = weightGradient;
    if (target != null) {
      var accumulate = isLaterChunk || target.accumulate();
      var term = new Term(dLogitsTransposed, Matrix.of(x), x.rows());
      tape.device()
          .gemm()
          .multiply(
              weight.rows(),
              weight.columns(),
              x.dtype(),
              1,
              accumulate,
              Matrix.of(target.tensor()),
              term);
    }
  }
}
