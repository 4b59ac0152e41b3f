package org.bayu.tensor.autograd;

import java.util.Locale;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionEngine;
import org.bayu.tensor.internal.elements.GradientTarget;

/**
 * Causal attention of H query heads on KV key-value heads, each shared by H/KV query heads: for
 * every query i and head, y[i] = Σⱼ softmaxⱼ(q[i]·k[j] / √headDim) · v[j] over the keys that {@link
 * AttentionSegments} shows to it.
 *
 * <p>Computed in tiles of queries and keys. The scores are never stored as a whole, only the
 * log-sum-exp of each query and head. The backward pass computes the scores again from it. The
 * computation is in binary32. On devices with kernels for bf16, queries, keys and values in bf16
 * with an even headDim are multiplied as bf16: {@link AttentionEngine}. On a tape that records
 * nothing, a single token that continues a sequence reads its keys and values where they lie, and
 * is computed in binary32. Dao et al. 2022, "FlashAttention"; Ainslie et al. 2023, "GQA".
 */
public final class Attention {
  private Attention() {}

  /**
   * q [T, H·headDim] on k and v [S, KV·headDim] → [T, H·headDim], of q's type.
   *
   * @param segments which of the keys 0 to S − 1 each of the queries 0 to T − 1 sees
   * @throws ShapeException if the shapes do not fit
   */
  public static Variable apply(
      Tape tape, Variable q, Variable k, Variable v, AttentionSegments segments, int headDim) {
    check(q.value(), k.value(), v.value(), segments, headDim);
    var heads = q.value().columns() / headDim;
    var y = tape.allocate(q.value().dtype(), q.value().shape().dims());
    var logSumExp = tape.allocate(DType.F32, heads, q.value().rows());
    // A pair's score and its share of the value: a multiplication and an addition for each feature.
    var flops = 4.0 * q.value().columns() * segments.pairs();
    var engine =
        AttentionEngine.of(
            tape.device(),
            tape.tiles(),
            q.value(),
            k.value(),
            v.value(),
            segments,
            headDim,
            tape.recording());
    engine.forward(y, logSumExp);
    tape.device().clock().addFlops(flops);
    var output =
        tape.record(
            "Attention",
            y,
            q.requiresGradient() || k.requiresGradient() || v.requiresGradient(),
            dy -> {
              backward(tape, engine, q, k, v, y, logSumExp, dy.tensor());
              tape.release(logSumExp);
              // The score again, and the gradients of query, key, value and score.
              tape.device().clock().addFlops(2.5 * flops);
            });
    if (!output.requiresGradient()) {
      tape.release(logSumExp);
    }
    return output;
  }

  private static void backward(
      Tape tape,
      AttentionEngine engine,
      Variable q,
      Variable k,
      Variable v,
      Tensor y,
      Tensor logSumExp,
      Tensor dy) {
    // Where one variable is two of them, the target that is asked for first is overwritten and the
    // other is added to: it must be the one that is stored first.
    GradientTarget dq = null;
    if (engine.storesQueriesFirst()) {
      dq = tape.target(q);
    }
    var dk = tape.target(k);
    var dv = tape.target(v);
    if (!engine.storesQueriesFirst()) {
      dq = tape.target(q);
    }
    engine.backward(y, logSumExp, dy, dq, dk, dv);
  }

  private static void check(Tensor q, Tensor k, Tensor v, AttentionSegments segments, int headDim) {
    if (headDim < 1
        || q.shape().rank() != 2
        || k.shape().rank() != 2
        || !k.shape().equals(v.shape())
        || q.columns() % headDim != 0
        || k.columns() % headDim != 0
        || k.columns() == 0
        || q.columns() % k.columns() != 0) {
      throw new ShapeException(
          String.format(
              Locale.ROOT, "attention: q %s, k %s, v %s with heads of %d", q, k, v, headDim));
    }
    if (segments.queries() != q.dim(0) || segments.keys() > k.dim(0)) {
      throw new ShapeException(
          String.format(
              Locale.ROOT,
              "attention: segments of %d queries and %d keys, q %s, k %s",
              segments.queries(),
              segments.keys(),
              q,
              k));
    }
  }
}
