package org.bayu.tensor.internal.attention;

import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.jspecify.annotations.Nullable;

/** What a call of attention works on where there are kernels for bf16. */
public record BFloat16Attention(
    CpuDevice device,
    AttentionKernels kernels,
    Tensor q,
    Tensor k,
    Tensor v,
    AttentionTiles tiles,
    int headDim) {
  private static final double LOG2_E = 1 / StrictMath.log(2);

  /** This call; null if it has to be computed in F32. */
  public static @Nullable BFloat16Attention of(
      CpuDevice device,
      TileCache cache,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim) {
    var kernels = device.kernels().attention();
    var fits =
        q.dtype() == DType.BF16
            && k.dtype() == DType.BF16
            && v.dtype() == DType.BF16
            && headDim % 2 == 0
            && headDim <= AttentionKernels.MAX_HEAD_DIM;
    return kernels == null || !fits
        ? null
        : new BFloat16Attention(
            device, kernels, q, k, v, cache.tiles(segments, AttentionKernels.BLOCK), headDim);
  }

  int heads() {
    return q.columns() / headDim;
  }

  int kvHeads() {
    return k.columns() / headDim;
  }

  /** Heads of queries for one of keys. */
  int group() {
    return heads() / kvHeads();
  }

  /** 1/√headDim. */
  float scale() {
    return AttentionForward.scale(headDim);
  }

  /** The factor of q·k in the exponent of 2: log₂e / √headDim. */
  float scaleOfPower() {
    return (float) (LOG2_E / Math.sqrt(headDim));
  }

  static double log2(double x) {
    return LOG2_E * StrictMath.log(x);
  }

  /** The byte where a row has a head of queries, in q and what is like it. */
  long queryAt(int row, int head) {
    return 2 * ((long) row * q.columns() + (long) head * headDim);
  }

  /** Bytes between rows of q. */
  long queryStride() {
    return 2L * q.columns();
  }

  /** The byte where a row has a head of keys, in k, v and what is like them. */
  long keyAt(int row, int kvHead) {
    return 2 * ((long) row * k.columns() + (long) kvHead * headDim);
  }

  /** Bytes between rows of k. */
  long keyStride() {
    return 2L * k.columns();
  }

  /** Bytes between rows of one head's sums of features. */
  long sumsStride() {
    return kernels.sumsStride(headDim);
  }

  /** Bytes of one head's sums for all queries. */
  long querySumsBytes() {
    return q.rows() * sumsStride();
  }
}
