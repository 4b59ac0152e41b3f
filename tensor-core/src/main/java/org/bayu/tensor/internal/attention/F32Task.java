package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.Kernels;

/** What one worker does in binary32, and what the passes have in common. */
abstract class F32Task implements AttentionCall.Task {
  final AttentionCall call;
  final Kernels kernels;
  final HeadPanels panels;
  final AttentionTiles tiles;
  final ScoreMask mask;
  final int headDim;
  final float scale;
  final int lanes;
  final int tileRows;
  final int worker;

  F32Task(AttentionCall call, HeadPanels panels, int worker) {
    this.call = call;
    this.kernels = call.device().kernels();
    this.panels = panels;
    this.tiles = call.tiles();
    this.headDim = call.headDim();
    this.scale = call.scale();
    this.lanes = panels.tileLanes();
    this.tileRows = panels.tileRows();
    this.mask = new ScoreMask(lanes);
    this.worker = worker;
  }

  final MemorySegment scratch(long bytes) {
    return call.scratch(worker, bytes);
  }

  /** Scores of a block of rows, in panels, with one panel of lanes. */
  final MemorySegment scoresScratch() {
    return scratch(4L * (tiles.block() + tileRows) * lanes);
  }

  /** Sums of features for {@code rows} rows, a panel of lanes after another. */
  final MemorySegment sumsScratch(int rows) {
    return scratch(HeadPanels.panels(rows, lanes) * panels.sumsBytes());
  }

  /** Scores become probabilities, and their products with the other side the scores' gradients. */
  final void toGradients(MemorySegment scores, MemorySegment products, int rows) {
    var n = rows * lanes;
    kernels.expAndSum(0, scores, 0, n);
    kernels.multiply(scores, 0, products, 0, products, 0, n);
  }

  /** Brings sums of features, times {@code factor}, to a head's rows from {@code first} on. */
  final void store(
      HeadGradient gradient, int head, int first, int rows, float factor, MemorySegment sums) {
    if (!gradient.isWanted()) {
      return;
    }
    var rowBytes = 4L * headDim;
    var features = scratch(lanes * rowBytes);
    for (var lane = 0; lane < rows; lane += lanes) {
      var count = Math.min(lanes, rows - lane);
      panels.toRows(sums, lane / lanes * panels.sumsBytes(), count, features);
      gradient.store(worker, head, first + lane, count, factor, features, 0, rowBytes);
    }
  }
}
