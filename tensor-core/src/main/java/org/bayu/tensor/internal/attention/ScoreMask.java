package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;

/** Makes the scores −∞ that a query of a tile does not see. */
final class ScoreMask {
  /** More than a tile of any kernels has. */
  private static final int MAX_LANES = 256;

  private static final MemorySegment HIDDEN = Arena.global().allocate(4L * MAX_LANES, 64);

  static {
    for (var i = 0; i < MAX_LANES; i++) {
      HIDDEN.setAtIndex(JAVA_FLOAT, i, Float.NEGATIVE_INFINITY);
    }
  }

  private final int lanes;

  ScoreMask(int lanes) {
    this.lanes = lanes;
  }

  /** scores [keys, lanes], where lane i is row {@code lane} + i of the block. */
  void hideFromQueries(Tile tile, int lane, int keys, MemorySegment scores) {
    var to = Math.min(tile.rowTo() - lane, lanes);
    for (var key = 0; key < keys; key++) {
      hide(scores, key, 0, Math.clamp((long) tile.firstRow(key) - lane, 0, lanes));
      hide(scores, key, to, lanes);
    }
  }

  /**
   * scores [rows, lanes], rows from the tile's row {@code row} on, lane i is key {@code key} + i.
   */
  void hideKeys(Tile tile, int row, int rows, int key, int keys, MemorySegment scores) {
    for (var i = 0; i < rows; i++) {
      var seen = tile.visible(row + i, keys) - key;
      hide(scores, i, Math.clamp(seen, 0, lanes), lanes);
    }
  }

  private void hide(MemorySegment scores, int row, int from, int to) {
    if (from < to) {
      var at = 4L * ((long) row * lanes + from);
      MemorySegment.copy(HIDDEN, 0, scores, at, 4L * (to - from));
    }
  }
}
