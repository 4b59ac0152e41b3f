package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;

/**
 * dk and dv in binary32 of the pieces of keys that one worker gets, one after another: lanes are
 * keys. A piece goes through the heads and blocks that see it in a fixed order.
 */
final class F32KeyGradients extends F32Task {
  private final Tensor dy;
  private final MemorySegment terms;
  private final HeadGradient dk;
  private final HeadGradient dv;
  private int n;
  private MemorySegment keys = MemorySegment.NULL;
  private MemorySegment values = MemorySegment.NULL;
  private MemorySegment queries = MemorySegment.NULL;
  private MemorySegment gradients = MemorySegment.NULL;
  private MemorySegment queryFeatures = MemorySegment.NULL;
  private MemorySegment gradientFeatures = MemorySegment.NULL;
  private MemorySegment scores = MemorySegment.NULL;
  private MemorySegment scoreGradients = MemorySegment.NULL;
  private MemorySegment keySums = MemorySegment.NULL;
  private MemorySegment valueSums = MemorySegment.NULL;

  F32KeyGradients(
      AttentionCall call,
      HeadPanels panels,
      int worker,
      Tensor dy,
      MemorySegment terms,
      HeadGradient dk,
      HeadGradient dv) {
    super(call, panels, worker);
    this.dy = dy;
    this.terms = terms;
    this.dk = dk;
    this.dv = dv;
  }

  private void begin(int piece) {
    n = tiles.keys(piece);
    var block = tiles.block();
    keys = scratch(panels.byRowsBytes(n, lanes));
    values = scratch(panels.byRowsBytes(n, lanes));
    queries = scratch(panels.byRowsBytes(block, tileRows));
    gradients = scratch(panels.byRowsBytes(block, tileRows));
    queryFeatures = scratch(panels.byFeaturesBytes(block));
    gradientFeatures = scratch(panels.byFeaturesBytes(block));
    scores = scoresScratch();
    scoreGradients = scoresScratch();
    keySums = sumsScratch(n);
    valueSums = sumsScratch(n);
  }

  @Override
  public void run(int piece, int kvHead) {
    begin(piece);
    var keyStart = tiles.keyStart(piece);
    panels.packWithOnes(call.k(), kvHead, keyStart, n, keys, lanes);
    panels.packWithOnes(call.v(), kvHead, keyStart, n, values, lanes);
    keySums.fill((byte) 0);
    valueSums.fill((byte) 0);
    var group = call.group();
    for (var tile : tiles.ofPiece(piece)) {
      for (var head = kvHead * group; head < (kvHead + 1) * group; head++) {
        addTile(tile, head);
      }
    }
    store(dk, kvHead, keyStart, n, scale, keySums);
    store(dv, kvHead, keyStart, n, 1, valueSums);
  }

  private void addTile(Tile tile, int head) {
    var first = tile.block() * tiles.block() + tile.rowFrom();
    var rows = tile.rowTo() - tile.rowFrom();
    var at = call.termAt(head, first);
    panels.packWithNumbers(call.q(), head, first, rows, scale, queries, tileRows, terms, at, 8);
    panels.packWithNumbers(dy, head, first, rows, 1, gradients, tileRows, terms, at + 4, 8);
    panels.packByFeatures(call.q(), head, first, rows, queryFeatures);
    panels.packByFeatures(dy, head, first, rows, gradientFeatures);
    for (var key = 0; key < n; key += lanes) {
      addPanel(tile, rows, key);
    }
  }

  /** One panel of keys, from {@code key} on, seen by the tile's rows. */
  private void addPanel(Tile tile, int rows, int key) {
    // Rows before the first that sees a key are left out, panel by panel.
    var from = (tile.firstRow(key) - tile.rowFrom()) / tileRows;
    var skipped = from * tileRows;
    var seeing = rows - skipped;
    if (seeing <= 0) {
      return;
    }
    var count = HeadPanels.panels(rows, tileRows) - from;
    var at = 4L * (key / lanes) * panels.byRowsStride(lanes);
    var stride = panels.byRowsStride(tileRows);
    var fromAt = 4L * from * stride;
    // [rows, headDim + 1] × [headDim + 1, lanes] → [rows, lanes]
    panels.multiply(headDim + 1, queries, fromAt, stride, count, keys, at, scores, 0, false);
    panels.multiply(
        headDim + 1, gradients, fromAt, stride, count, values, at, scoreGradients, 0, false);
    mask.hideKeys(tile, tile.rowFrom() + skipped, seeing, key, n, scores);
    toGradients(scores, scoreGradients, seeing);
    // [headDim, rows] × [rows, lanes] → [headDim, lanes]
    addFeatures(gradientFeatures, rows, skipped, scores, valueSums, key);
    addFeatures(queryFeatures, rows, skipped, scoreGradients, keySums, key);
  }

  private void addFeatures(
      MemorySegment features,
      int rows,
      int skipped,
      MemorySegment factors,
      MemorySegment sums,
      int key) {
    panels.multiply(
        rows - skipped,
        features,
        4L * skipped * tileRows,
        (long) rows * tileRows,
        HeadPanels.panels(headDim, tileRows),
        factors,
        0,
        sums,
        key / lanes * panels.sumsBytes(),
        true);
  }
}
