package org.bayu.tensor.internal.attention;

import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.kernels.AttentionKernels;

/** Where the pieces of a head's keys and values are packed: a piece's keys, then its values. */
final class PackedPieces {
  private final int headDim;
  private final long[] keysAt;
  private final long[] valuesAt;
  private final long bytes;

  PackedPieces(AttentionTiles tiles, AttentionKernels kernels, int headDim) {
    this.headDim = headDim;
    keysAt = new long[tiles.pieces()];
    valuesAt = new long[tiles.pieces()];
    var next = 0L;
    for (var piece = 0; piece < tiles.pieces(); piece++) {
      keysAt[piece] = next;
      next += aligned(kernels.packedRowsBytes(tiles.keys(piece), headDim));
      valuesAt[piece] = next;
      next += aligned(kernels.packedFeaturesBytes(tiles.keys(piece), headDim));
    }
    bytes = next;
  }

  /** A multiple of a cache line. */
  private static long aligned(long bytes) {
    return (bytes + Tensor.ALIGNMENT - 1) & -Tensor.ALIGNMENT;
  }

  int headDim() {
    return headDim;
  }

  /** Bytes of a head. */
  long bytes() {
    return bytes;
  }

  /** Where a piece's keys are, of head {@code kvHead}. */
  long keysAt(int piece, int kvHead) {
    return bytes * kvHead + keysAt[piece];
  }

  /** Where a piece's values are, of head {@code kvHead}. */
  long valuesAt(int piece, int kvHead) {
    return bytes * kvHead + valuesAt[piece];
  }
}
