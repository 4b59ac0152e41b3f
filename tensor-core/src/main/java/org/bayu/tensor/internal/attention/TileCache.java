package org.bayu.tensor.internal.attention;

import org.bayu.tensor.AttentionSegments;
import org.jspecify.annotations.Nullable;

/**
 * The tiles that were last asked for: all layers of a pass ask for those of the same segments. Not
 * thread-safe.
 */
public final class TileCache {
  private @Nullable AttentionSegments segments;
  private @Nullable AttentionTiles tiles;

  /** The work in tiles of at most {@code block} queries and keys. */
  AttentionTiles tiles(AttentionSegments segments, int block) {
    var known = tiles;
    if (known == null || this.segments != segments || known.block() != block) {
      known = new AttentionTiles(segments, block);
      tiles = known;
      this.segments = segments;
    }
    return known;
  }
}
