package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.AttentionKernels;

/**
 * Attention of bf16 operands on {@link AttentionKernels}: products of bf16, weights rounded to
 * bf16, all sums in binary32. Forward, keys and values are packed once for all. logSumExp has base
 * 2.
 */
record BFloat16Attention(AttentionCall call, AttentionKernels kernels)
    implements AttentionArithmetic {
  private static final double LOG2_E = 1 / StrictMath.log(2);

  /** Whether the operands are such as the kernels take. */
  static boolean fits(Tensor q, Tensor k, Tensor v, int headDim) {
    return q.dtype() == DType.BF16
        && k.dtype() == DType.BF16
        && v.dtype() == DType.BF16
        && headDim % 2 == 0
        && headDim <= AttentionKernels.MAX_HEAD_DIM;
  }

  @Override
  public void forward(Tensor y, Tensor logSumExp) {
    var pieces = call.tiles().packed(kernels, call.headDim());
    call.device()
        .workers()
        .withScratch(
            pieces.bytes() * call.kvHeads(),
            packed -> {
              call.run(
                  call.kvHeads(),
                  call.tiles().pieces(),
                  worker -> (kvHead, piece) -> pack(piece, kvHead, pieces, packed));
              call.runBlocks(
                  true, worker -> new BFloat16Forward(this, pieces, packed, worker, y, logSumExp));
            });
  }

  private void pack(int piece, int kvHead, PackedPieces pieces, MemorySegment packed) {
    if (call.tiles().ofPiece(piece).length == 0) {
      return;
    }
    var n = call.tiles().keys(piece);
    var headDim = call.headDim();
    var from = keyAt(call.tiles().keyStart(piece), kvHead);
    var keysAt = pieces.keysAt(piece, kvHead);
    var valuesAt = pieces.valuesAt(piece, kvHead);
    kernels.packRows(call.k().data(), from, keyStride(), n, headDim, packed, keysAt);
    kernels.packFeatures(call.v().data(), from, keyStride(), n, headDim, packed, valuesAt);
  }

  @Override
  public void backward(
      Tensor dy, MemorySegment terms, HeadGradient dq, HeadGradient dk, HeadGradient dv) {
    new BFloat16Backward(this, dy, terms, dq, dk, dv).run();
  }

  @Override
  public boolean storesQueriesFirst() {
    return false;
  }

  /** The factor of q·k in the exponent of 2: log₂e / √headDim. */
  float scaleOfPower() {
    return (float) (LOG2_E / Math.sqrt(call.headDim()));
  }

  static double log2(double x) {
    return LOG2_E * StrictMath.log(x);
  }

  /** The byte where a row has a head of queries, in q and what is like it. */
  long queryAt(int row, int head) {
    return 2 * call.queryElement(row, head);
  }

  /** Bytes between rows of q. */
  long queryStride() {
    return 2L * call.q().columns();
  }

  /** The byte where a row has a head of keys, in k, v and what is like them. */
  long keyAt(int row, int kvHead) {
    return 2 * call.keyElement(row, kvHead);
  }

  /** Bytes between rows of k. */
  long keyStride() {
    return 2L * call.k().columns();
  }

  /** Bytes between rows of one head's sums of features. */
  long sumsStride() {
    return kernels.sumsStride(call.headDim());
  }

  /** Bytes of one head's sums for all queries. */
  long querySumsBytes() {
    return call.q().rows() * sumsStride();
  }
}
