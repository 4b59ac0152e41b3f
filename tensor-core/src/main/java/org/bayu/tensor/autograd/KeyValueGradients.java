package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.AttentionTiles.Tile;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of one key-value head's pieces of keys and of the queries that see them.
 *
 * <p>Scores and their gradients are computed once for a tile, and all three gradients from them:
 * five products. What they need as their right side is packed before: queries and dy once for all
 * pieces, keys and values once for all tiles of a piece.
 */
final class KeyValueGradients {
  private final BFloat16Attention call;
  private final AttentionKernels kernels;
  private final AttentionTiles tiles;
  private final int headDim;
  private final int kvHead;
  private final int worker;
  private final Tensor dy;
  private final MemorySegment terms;
  private final @Nullable MemorySegment querySums;
  private final long packedBytes;
  private final MemorySegment packedQueries;
  private final MemorySegment packedGradients;
  private final MemorySegment keyRows;
  private final MemorySegment keyFeatures;
  private final MemorySegment valueRows;
  private final MemorySegment scores;
  private final MemorySegment products;
  private final MemorySegment gradients;
  private final MemorySegment weightsPanel;
  private final MemorySegment gradientsPanel;
  private final MemorySegment visible;
  private final MemorySegment keySums;
  private final MemorySegment valueSums;

  /**
   * Packs the queries and their gradients; to be used within the task of {@code worker}.
   *
   * @param terms for each head of the group and row −log₂ of the sum and −dy·y, {@link #termsBytes}
   *     a head
   * @param querySums becomes dq, a head of the group after another, not yet scaled; null if it is
   *     not wanted
   */
  KeyValueGradients(
      BFloat16Attention call,
      int kvHead,
      int worker,
      Tensor dy,
      MemorySegment terms,
      @Nullable MemorySegment querySums) {
    this.call = call;
    this.kernels = call.kernels();
    this.tiles = call.tiles();
    this.headDim = call.headDim();
    this.kvHead = kvHead;
    this.worker = worker;
    this.dy = dy;
    this.terms = terms;
    this.querySums = querySums;
    var block = AttentionKernels.BLOCK;
    packedBytes = kernels.packedFeaturesBytes(block, headDim);
    packedQueries = scratch(packedBytes * tiles.blocks() * call.group());
    packedGradients = scratch(packedBytes * tiles.blocks() * call.group());
    keyRows = scratch(kernels.packedRowsBytes(block, headDim));
    keyFeatures = scratch(packedBytes);
    valueRows = scratch(kernels.packedRowsBytes(block, headDim));
    scores = scratch(AttentionKernels.SCORES_BYTES);
    products = scratch(AttentionKernels.SCORES_BYTES);
    gradients = scratch(AttentionKernels.WEIGHTS_BYTES);
    weightsPanel = scratch(AttentionKernels.PANEL_BYTES);
    gradientsPanel = scratch(AttentionKernels.PANEL_BYTES);
    visible = scratch(4L * block);
    keySums = scratch(call.sumsStride() * block);
    valueSums = scratch(call.sumsStride() * block);
    if (querySums != null) {
      querySums.fill((byte) 0);
    }
    packQueries();
  }

  /** Bytes of a head's terms: rows are read in pairs. */
  static long termsBytes(int rows) {
    return 8L * (rows + 1);
  }

  private MemorySegment scratch(long bytes) {
    return call.device().workers().scratch(worker, bytes);
  }

  /** dk of the last piece, not yet scaled. */
  MemorySegment keySums() {
    return keySums;
  }

  /** dv of the last piece. */
  MemorySegment valueSums() {
    return valueSums;
  }

  private void packQueries() {
    var stride = call.queryStride();
    for (var member = 0; member < call.group(); member++) {
      for (var block = 0; block < tiles.blocks(); block++) {
        var rows = tiles.rows(block);
        var at = call.queryAt(block * tiles.block(), kvHead * call.group() + member);
        var to = packedAt(block, member);
        kernels.packFeatures(call.q().data(), at, stride, rows, headDim, packedQueries, to);
        kernels.packFeatures(dy.data(), at, stride, rows, headDim, packedGradients, to);
      }
    }
  }

  /** Where a block of a head, a member of the group, is packed. */
  private long packedAt(int block, int member) {
    return packedBytes * ((long) member * tiles.blocks() + block);
  }

  /** Computes dk and dv of a piece, and adds to dq. */
  void addPiece(int piece) {
    keySums.fill((byte) 0);
    valueSums.fill((byte) 0);
    var n = tiles.keys(piece);
    packKeys(tiles.keyStart(piece), n);
    for (var tile : tiles.ofPiece(piece)) {
      see(tile, n);
      for (var member = 0; member < call.group(); member++) {
        addTile(tile, n, member);
      }
    }
  }

  private void packKeys(int keyStart, int n) {
    var at = call.keyAt(keyStart, kvHead);
    var stride = call.keyStride();
    kernels.packRows(call.k().data(), at, stride, n, headDim, keyRows, 0);
    kernels.packFeatures(call.k().data(), at, stride, n, headDim, keyFeatures, 0);
    kernels.packRows(call.v().data(), at, stride, n, headDim, valueRows, 0);
  }

  /** Notes what the tile's rows see. A row beside them may be half of a pair: it sees nothing. */
  private void see(Tile tile, int n) {
    for (var row = tile.rowFrom() & -2; row < ((tile.rowTo() + 1) & -2); row++) {
      var isInside = row >= tile.rowFrom() && row < tile.rowTo();
      visible.setAtIndex(JAVA_INT, row, isInside ? tile.visible(row, n) : 0);
    }
  }

  private void addTile(Tile tile, int n, int member) {
    for (var from = tile.rowFrom(); from < tile.rowTo(); ) {
      var to = tile.stripTo(from, n, AttentionKernels.COLUMNS);
      addRows(tile, n, member, from, to);
      from = to;
    }
    // Of keys that not all rows see, the first rows are left out.
    var keys = tile.visible(tile.rowFrom(), n) == n ? n : AttentionKernels.COLUMNS;
    for (var key = 0; key < n; key += keys) {
      var from = tile.firstRow(key) & -2;
      if (from < tile.rowTo()) {
        var count = Math.min(keys, n - key);
        addKeys(tile, member, key, count, from, weightsPanel, packedGradients, valueSums);
        addKeys(tile, member, key, count, from, gradientsPanel, packedQueries, keySums);
      }
    }
  }

  private void addKeys(
      Tile tile,
      int member,
      int key,
      int count,
      int from,
      MemorySegment panel,
      MemorySegment packed,
      MemorySegment sums) {
    var rows = tiles.rows(tile.block());
    var packedAt = packedAt(tile.block(), member);
    // [rows, keys]ᵀ × [rows, headDim] → [keys, headDim]
    kernels.multiplyTransposed(
        key, count, panel, from, tile.rowTo(), packed, packedAt, rows, headDim, sums, 0);
  }

  /** Scores and their gradients of some rows, and dq of them. */
  private void addRows(Tile tile, int n, int member, int from, int to) {
    var seen = tile.visible(to - 1, n);
    var first = tile.block() * tiles.block();
    var at = call.queryAt(first + from, kvHead * call.group() + member);
    var stride = call.queryStride();
    var rows = to - from;
    var scoresAt = 4L * from * AttentionKernels.BLOCK;
    // [rows, headDim] × [keys, headDim]ᵀ → [rows, keys]
    var queries = call.q().data();
    kernels.multiplyRows(rows, queries, at, stride, headDim, keyRows, 0, n, seen, scores, scoresAt);
    kernels.multiplyRows(
        rows, dy.data(), at, stride, headDim, valueRows, 0, n, seen, products, scoresAt);
    var columns = AttentionKernels.COLUMNS;
    kernels.softmaxGradient(
        from & -2,
        to,
        Math.min(n, (seen + columns - 1) / columns * columns),
        call.scaleOfPower(),
        scores,
        products,
        visible,
        terms.asSlice(member * termsBytes(dy.rows()) + 8L * first),
        gradients,
        weightsPanel,
        gradientsPanel);
    if (querySums != null) {
      var weightsAt = 2L * from * AttentionKernels.BLOCK;
      var sumsAt = member * call.querySumsBytes() + (first + from) * call.sumsStride();
      // [rows, keys] × [keys, headDim] → [rows, headDim]
      kernels.multiplyFeatures(
          rows, gradients, weightsAt, seen, keyFeatures, 0, n, headDim, querySums, sumsAt);
    }
  }
}
