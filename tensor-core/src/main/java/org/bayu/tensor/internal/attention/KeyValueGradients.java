package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.Zeros;

/**
 * The gradients of one key-value head's pieces of keys and of the queries that see them, of those
 * of its heads of queries that a worker has under way.
 *
 * <p>Scores and their gradients are computed once for a tile, and all three gradients from them:
 * five products. What they need as their right side is packed before: queries and dy once for all
 * pieces, keys and values once for all tiles of a piece.
 */
final class KeyValueGradients {
  private final BFloat16Attention attention;
  private final AttentionCall call;
  private final AttentionKernels kernels;
  private final AttentionTiles tiles;
  private final int headDim;
  private final int worker;
  private final Tensor dy;
  private final MemorySegment terms;
  private final boolean wantsQueries;
  private final LeftRows left;
  private final long packedBytes;
  private int firstHead;
  private int heads;
  private MemorySegment querySums = MemorySegment.NULL;
  private MemorySegment packedQueries = MemorySegment.NULL;
  private MemorySegment packedGradients = MemorySegment.NULL;
  private MemorySegment keyRows = MemorySegment.NULL;
  private MemorySegment keyFeatures = MemorySegment.NULL;
  private MemorySegment valueRows = MemorySegment.NULL;
  private MemorySegment scores = MemorySegment.NULL;
  private MemorySegment products = MemorySegment.NULL;
  private MemorySegment gradients = MemorySegment.NULL;
  private MemorySegment weightsPanel = MemorySegment.NULL;
  private MemorySegment gradientsPanel = MemorySegment.NULL;
  private MemorySegment visible = MemorySegment.NULL;

  /**
   * For one worker's tasks.
   *
   * @param terms as in {@link AttentionArithmetic#backward}
   * @param wantsQueries whether dq is wanted
   */
  KeyValueGradients(
      BFloat16Attention attention,
      int worker,
      Tensor dy,
      MemorySegment terms,
      boolean wantsQueries) {
    this.attention = attention;
    this.call = attention.call();
    this.kernels = attention.kernels();
    this.tiles = call.tiles();
    this.headDim = call.headDim();
    this.worker = worker;
    this.dy = dy;
    this.terms = terms;
    this.wantsQueries = wantsQueries;
    this.left = new LeftRows(kernels, headDim);
    packedBytes = kernels.packedFeaturesBytes(AttentionKernels.BLOCK, headDim);
  }

  /**
   * Begins with heads of queries that share one of keys: packs the queries and their gradients.
   *
   * @param querySums becomes dq, if that is wanted: head after head, not yet scaled
   */
  void begin(int firstHead, int heads, MemorySegment querySums) {
    this.firstHead = firstHead;
    this.heads = heads;
    this.querySums = querySums;
    var block = AttentionKernels.BLOCK;
    packedQueries = scratch(packedBytes * tiles.blocks() * heads);
    packedGradients = scratch(packedBytes * tiles.blocks() * heads);
    keyRows = scratch(kernels.packedRowsBytes(block, headDim));
    keyFeatures = scratch(packedBytes);
    valueRows = scratch(kernels.packedRowsBytes(block, headDim));
    scores = scratch(AttentionKernels.SCORES_BYTES);
    products = scratch(AttentionKernels.SCORES_BYTES);
    weightsPanel = scratch(kernels.panelBytes());
    gradientsPanel = scratch(kernels.panelBytes());
    gradients =
        kernels.weightType() == DType.F32 ? gradientsPanel : scratch(kernels.weightsBytes());
    left.begin(scratch(kernels.leftBytes(block, headDim)));
    visible = scratch(4L * block);
    if (wantsQueries) {
      Zeros.fill(querySums, 0, heads * attention.querySumsBytes());
    }
    packQueries();
  }

  private MemorySegment scratch(long bytes) {
    return call.scratch(worker, bytes);
  }

  private void packQueries() {
    var stride = attention.queryStride();
    for (var head = firstHead; head < firstHead + heads; head++) {
      for (var block = 0; block < tiles.blocks(); block++) {
        var rows = tiles.rows(block);
        var at = attention.queryAt(block * tiles.block(), head);
        var to = packedAt(block, head);
        kernels.packFeatures(call.q().data(), at, stride, rows, headDim, packedQueries, to);
        kernels.packFeatures(dy.data(), at, stride, rows, headDim, packedGradients, to);
      }
    }
  }

  /** Where a block of a head is packed. */
  private long packedAt(int block, int head) {
    return packedBytes * ((long) (head - firstHead) * tiles.blocks() + block);
  }

  /**
   * Computes dk and dv of a piece, and adds to dq.
   *
   * @param sums becomes dk, not yet scaled, from byte {@code keySumsAt} on, and dv from byte {@code
   *     valueSumsAt} on
   */
  void addPiece(int piece, MemorySegment sums, long keySumsAt, long valueSumsAt) {
    var n = tiles.keys(piece);
    Zeros.fill(sums, keySumsAt, n * attention.sumsStride());
    Zeros.fill(sums, valueSumsAt, n * attention.sumsStride());
    packKeys(tiles.keyStart(piece), n);
    for (var tile : tiles.ofPiece(piece)) {
      see(tile, n);
      for (var head = firstHead; head < firstHead + heads; head++) {
        addTile(tile, n, head, sums, keySumsAt, valueSumsAt);
      }
    }
  }

  private void packKeys(int keyStart, int n) {
    var at = attention.keyAt(keyStart, firstHead / call.group());
    var stride = attention.keyStride();
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

  private void addTile(
      Tile tile, int n, int head, MemorySegment sums, long keySumsAt, long valueSumsAt) {
    for (var from = tile.rowFrom(); from < tile.rowTo(); ) {
      var to = tile.stripTo(from, n, AttentionKernels.COLUMNS);
      addRows(tile, n, head, from, to);
      from = to;
    }
    // Of keys that not all rows see, the first rows are left out.
    var keys = tile.visible(tile.rowFrom(), n) == n ? n : AttentionKernels.COLUMNS;
    for (var key = 0; key < n; key += keys) {
      var from = tile.firstRow(key) & -2;
      if (from < tile.rowTo()) {
        var count = Math.min(keys, n - key);
        addKeys(tile, head, key, count, from, weightsPanel, packedGradients, sums, valueSumsAt);
        addKeys(tile, head, key, count, from, gradientsPanel, packedQueries, sums, keySumsAt);
      }
    }
  }

  private void addKeys(
      Tile tile,
      int head,
      int key,
      int count,
      int from,
      MemorySegment panel,
      MemorySegment packed,
      MemorySegment sums,
      long sumsAt) {
    var rows = tiles.rows(tile.block());
    var packedAt = packedAt(tile.block(), head);
    // [rows, keys]ᵀ × [rows, headDim] → [keys, headDim]
    kernels.multiplyTransposed(
        key, count, panel, from, tile.rowTo(), packed, packedAt, rows, headDim, sums, sumsAt);
  }

  /** Scores and their gradients of some rows, and dq of them. */
  private void addRows(Tile tile, int n, int head, int from, int to) {
    var seen = tile.visible(to - 1, n);
    var first = tile.block() * tiles.block();
    var at = attention.queryAt(first + from, head);
    var stride = attention.queryStride();
    var rows = to - from;
    var scoresAt = 4L * from * AttentionKernels.BLOCK;
    // [rows, headDim] × [keys, headDim]ᵀ → [rows, keys]
    left.of(call.q().data(), at, stride, rows);
    left.multiply(rows, keyRows, 0, n, seen, scores, scoresAt);
    left.of(dy.data(), at, stride, rows);
    left.multiply(rows, valueRows, 0, n, seen, products, scoresAt);
    var columns = AttentionKernels.COLUMNS;
    kernels.softmaxGradient(
        from & -2,
        to,
        Math.min(n, (seen + columns - 1) / columns * columns),
        attention.scaleOfPower(),
        scores,
        products,
        visible,
        terms,
        call.termAt(head, first),
        gradients,
        weightsPanel,
        gradientsPanel);
    if (wantsQueries) {
      var weightsAt = kernels.weightAt(from);
      var sumsAt =
          (head - firstHead) * attention.querySumsBytes() + (first + from) * attention.sumsStride();
      // [rows, keys] × [keys, headDim] → [rows, headDim]
      kernels.multiplyFeatures(
          rows, gradients, weightsAt, seen, keyFeatures, 0, n, headDim, querySums, sumsAt);
    }
  }
}
