package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.internal.kernels.Gemm.Matrix;
import org.bayu.tensor.internal.kernels.Gemm.Term;
import org.jspecify.annotations.Nullable;

/**
 * Σ weightᵢ · (logΣexp(z) − z[classᵢ]), z = the logits of row rowᵢ: the head's matrix product, the
 * softmax and the loss in one pass, gradients included.
 *
 * <p>T rows, D features, V classes: hidden [T, D], weight [V, D]. Only rows that have a target are
 * computed, each once however many targets it has, some rows at a time: the logits, F32, are never
 * stored whole. The loss is summed in double.
 *
 * <p>On a recording tape the result must be the root of the backward pass: the weights' gradients
 * are added while the logits are at hand, when this op is applied.
 */
public final class LinearCrossEntropy {
  /** Bytes of logits held at one time: a thousand rows of Llama 2, for which packing W pays. */
  private static final long CHUNK_BYTES = 128 << 20;

  private final Tape tape;
  private final Variable hidden;
  private final Tensor weight;
  private final @Nullable LowRank lowRank;
  private final Variable lowRankInput;
  private final Targets targets;
  private final TargetGroups groups;
  private final boolean gradients;
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
    this.targets = targets;
    this.gradients = gradients;
    groups = new TargetGroups(tape, targets, hidden.value().rows());
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
            "cross-entropy: target %d of row %d, hidden %s, weight %s"
                .formatted(target, row, hidden.value(), weight));
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
    var rows = Math.clamp(CHUNK_BYTES / (4L * weight.rows()), 1, Math.max(1, count));
    var dRows = gradients ? tape.allocate(x.dtype(), count, x.columns()) : null;
    var dLowRankRows =
        gradients && lowRankInput != hidden ? tape.allocate(x.dtype(), count, x.columns()) : dRows;
    for (var from = 0; from < count; from += rows) {
      chunk(from, Math.min(from + rows, count), dRows, dLowRankRows);
    }
    groups.releaseTargets(tape);
    if (!gradients) {
      groups.releaseRows(tape);
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
          groups.releaseRows(tape);
        });
  }

  private void passOn(@Nullable Tensor dRows, Variable x) {
    var target = tape.target(x);
    if (dRows != null && target != null) {
      Gather.scatter(tape, dRows, groups::row, target);
      tape.release(dRows);
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
    // The products that follow round them to x's type: once here instead of in each.
    var dLogits = gradients && type != DType.F32 ? tape.allocate(type, r, v) : logits;
    rows(from, r, logits, dLogits);
    if (dRows != null && dLowRankRows != null) {
      backward(x, lowRankX, dLogits, down, dRows.slice(from, to), dLowRankRows.slice(from, to));
    }
    if (dLogits != logits) {
      tape.release(dLogits);
    }
    tape.release(logits);
    tape.release(x);
    tape.release(lowRankX);
    if (down != null) {
      tape.release(down);
    }
  }

  /** Adds r rows' losses in their order; their logits' gradients go to {@code dLogits}. */
  private void rows(int from, int r, Tensor logits, Tensor dLogits) {
    var workers = tape.device().workers();
    var kernels = tape.device().kernels();
    var type = dLogits.dtype();
    var v = weight.rows();
    workers.withScratch(
        JAVA_DOUBLE.byteSize() * r,
        losses -> {
          workers.run(
              r,
              (index, worker) -> {
                var rowLoss = row(from + index, logits.data(), index);
                losses.setAtIndex(JAVA_DOUBLE, index, rowLoss);
                if (dLogits != logits) {
                  var at = (long) v * index;
                  kernels.narrow(type, logits.data(), 4 * at, dLogits.data(), type.bytes() * at, v);
                }
              });
          if (!workers.isIdle()) {
            for (var i = 0; i < r; i++) {
              loss += losses.getAtIndex(JAVA_DOUBLE, i);
            }
          }
        });
  }

  /** Returns a row's loss; its logits become the loss's gradient in them. */
  private double row(int group, MemorySegment logits, int index) {
    var kernels = tape.device().kernels();
    var v = weight.rows();
    var at = 4L * v * index;
    var start = groups.start(group);
    var end = groups.start(group + 1);
    var totalWeight = 0.0;
    var targetLogits = 0.0;
    for (var i = start; i < end; i++) {
      var target = groups.target(i);
      totalWeight += targets.weights()[target];
      targetLogits +=
          targets.weights()[target] * logits.get(JAVA_FLOAT, at + 4L * targets.classes()[target]);
    }
    var max = kernels.max(logits, at, v);
    var sum = kernels.expAndSum(max, logits, at, v);
    var rowLoss = totalWeight * (max + Math.log(sum)) - targetLogits;
    if (!gradients) {
      return rowLoss;
    }
    // Σ weight · (softmax − 1 at the class)
    kernels.scale((float) (totalWeight / sum), logits, at, v);
    for (var i = start; i < end; i++) {
      var target = groups.target(i);
      var place = at + 4L * targets.classes()[target];
      var reduced = logits.get(JAVA_FLOAT, place) - targets.weights()[target];
      logits.set(JAVA_FLOAT, place, (float) reduced);
    }
    return rowLoss;
  }

  private void backward(
      Tensor x,
      Tensor lowRankX,
      Tensor dLogits,
      @Nullable Tensor down,
      Tensor dx,
      Tensor dLowRankX) {
    var gemm = tape.device().gemm();
    var type = x.dtype();
    var r = x.rows();
    var v = weight.rows();
    List<Term> terms = new ArrayList<>();
    terms.add(new Term(Matrix.of(dLogits), Matrix.of(weight), v));
    var dLogitsTransposed = Matrix.of(dLogits).transposed();
    Tensor dDown = null;
    if (lowRank != null && down != null) {
      var rank = lowRank.a().rows();
      // dB: [R, V]ᵀ × [R, rank] → [V, rank]
      Linear.addWeightGradient(
          tape, lowRank.b(), type, new Term(dLogitsTransposed, Matrix.of(down), r));
      dDown = tape.allocate(type, r, rank);
      // scale · [R, V] × [V, rank] → [R, rank]
      var term = new Term(Matrix.of(dLogits), Matrix.of(lowRank.b()), v);
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
    // dW: [R, V]ᵀ × [R, D] → [V, D]
    Linear.addWeightGradient(tape, weight, type, new Term(dLogitsTransposed, Matrix.of(x), r));
    if (dDown != null) {
      tape.release(dDown);
    }
  }
}
