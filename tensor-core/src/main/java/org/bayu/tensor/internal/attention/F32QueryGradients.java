package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;

/**
 * dq in binary32 of the blocks of queries that one worker gets, one after another: lanes are
 * queries. Both subtractions, of logSumExp and of delta, are the products' own last step.
 */
final class F32QueryGradients extends F32Task {
  private final Tensor dy;
  private final MemorySegment terms;
  private final HeadGradient dq;
  private int first;
  private int rows;
  private MemorySegment queries = MemorySegment.NULL;
  private MemorySegment gradients = MemorySegment.NULL;
  private MemorySegment keys = MemorySegment.NULL;
  private MemorySegment values = MemorySegment.NULL;
  private MemorySegment features = MemorySegment.NULL;
  private MemorySegment scores = MemorySegment.NULL;
  private MemorySegment scoreGradients = MemorySegment.NULL;
  private MemorySegment sums = MemorySegment.NULL;

  F32QueryGradients(
      AttentionCall call,
      HeadPanels panels,
      int worker,
      Tensor dy,
      MemorySegment terms,
      HeadGradient dq) {
    super(call, panels, worker);
    this.dy = dy;
    this.terms = terms;
    this.dq = dq;
  }

  private void begin(int block) {
    first = block * tiles.block();
    rows = tiles.rows(block);
    queries = scratch(panels.byRowsBytes(rows, lanes));
    gradients = scratch(panels.byRowsBytes(rows, lanes));
    keys = scratch(panels.byRowsBytes(tiles.block(), tileRows));
    values = scratch(panels.byRowsBytes(tiles.block(), tileRows));
    features = scratch(panels.byFeaturesBytes(tiles.block()));
    scores = scoresScratch();
    scoreGradients = scoresScratch();
    sums = sumsScratch(rows);
  }

  @Override
  public void run(int block, int head) {
    begin(block);
    var at = call.termAt(head, first);
    panels.packWithNumbers(call.q(), head, first, rows, scale, queries, lanes, terms, at, 8);
    panels.packWithNumbers(dy, head, first, rows, 1, gradients, lanes, terms, at + 4, 8);
    sums.fill((byte) 0);
    var kvHead = head / call.group();
    for (var tile : tiles.ofBlock(block)) {
      var n = tiles.keys(tile.piece());
      var keyStart = tiles.keyStart(tile.piece());
      panels.packWithOnes(call.k(), kvHead, keyStart, n, keys, tileRows);
      panels.packWithOnes(call.v(), kvHead, keyStart, n, values, tileRows);
      panels.packByFeatures(call.k(), kvHead, keyStart, n, features);
      for (var lane = tile.rowFrom() / lanes * lanes; lane < tile.rowTo(); lane += lanes) {
        addPanel(tile, n, lane);
      }
    }
    store(dq, head, first, rows, scale, sums);
  }

  private void addPanel(Tile tile, int n, int lane) {
    var seen = tile.visible(Math.min(lane + lanes, tile.rowTo()) - 1, n);
    var panel = lane / lanes;
    var at = 4L * panel * panels.byRowsStride(lanes);
    var keyPanels = HeadPanels.panels(seen, tileRows);
    var stride = panels.byRowsStride(tileRows);
    // [keys, headDim + 1] × [headDim + 1, lanes] → [keys, lanes]
    panels.multiply(headDim + 1, keys, 0, stride, keyPanels, queries, at, scores, 0, false);
    panels.multiply(
        headDim + 1, values, 0, stride, keyPanels, gradients, at, scoreGradients, 0, false);
    mask.hideFromQueries(tile, lane, seen, scores);
    toGradients(scores, scoreGradients, seen);
    // [headDim, keys] × [keys, lanes] → [headDim, lanes]
    panels.multiply(
        seen,
        features,
        0,
        (long) n * tileRows,
        HeadPanels.panels(headDim, tileRows),
        scoreGradients,
        0,
        sums,
        panel * panels.sumsBytes(),
        true);
  }
}
