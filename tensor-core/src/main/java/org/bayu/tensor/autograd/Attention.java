package org.bayu.tensor.autograd;

import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;

/**
 * Causal attention of H query heads on KV key-value heads, each shared by H/KV query heads: for
 * every query i and head, y[i] = Σⱼ softmaxⱼ(q[i]·k[j] / √headDim) · v[j] over the keys that {@link
 * AttentionSegments} shows to it.
 *
 * <p>Computed in binary32 in tiles of queries and keys; the scores are never stored, only the
 * logarithm of their exponentials' sum for each query and head, from which the backward pass
 * computes them again. Dao et al. 2022, "FlashAttention"; Ainslie et al. 2023, "GQA".
 */
public final class Attention {
  private Attention() {}

  /**
   * q [T, H·headDim] on k and v [S, KV·headDim] → [T, H·headDim], of q's type.
   *
   * @param segments shows keys 0 to S − 1 at most to the queries 0 to T − 1
   * @throws ShapeException if the shapes do not fit
   */
  public static Variable apply(
      Tape tape, Variable q, Variable k, Variable v, AttentionSegments segments, int headDim) {
    check(q.value(), k.value(), v.value(), segments, headDim);
    var heads = q.value().columns() / headDim;
    var y = tape.allocate(q.value().dtype(), q.value().shape().dims());
    var logSumExp = tape.allocate(DType.F32, heads, q.value().rows());
    AttentionForward.run(
        tape.device(), q.value(), k.value(), v.value(), segments, headDim, y, logSumExp);
    var output =
        tape.record(
            y,
            q.requiresGradient() || k.requiresGradient() || v.requiresGradient(),
            dy -> {
              new AttentionBackward(
                      tape, q.value(), k.value(), v.value(), segments, headDim, logSumExp)
                  .run(y, dy.tensor(), tape.target(q), tape.target(k), tape.target(v));
              tape.release(logSumExp);
            });
    if (!output.requiresGradient()) {
      tape.release(logSumExp);
    }
    return output;
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
          "attention: q %s, k %s, v %s with heads of %d".formatted(q, k, v, headDim));
    }
    if (segments.queries() != q.dim(0) || segments.keys() > k.dim(0)) {
      throw new ShapeException(
          "attention: segments of %d queries and %d keys, q %s, k %s"
              .formatted(segments.queries(), segments.keys(), q, k));
    }
  }
}
