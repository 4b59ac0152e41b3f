package org.bayu.tensor.internal.attention;

import java.util.List;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Segment;
import org.jspecify.annotations.Nullable;

/**
 * The tiles and the reads of a cache that were last asked for: all layers of a pass ask for those
 * of the same segments. Not thread-safe.
 */
public final class TileCache {
  private @Nullable AttentionSegments segments;
  private int tiledSegments;
  private @Nullable AttentionTiles tiles;
  private @Nullable AttentionSegments readSegments;
  private @Nullable CacheReads reads;

  /** The work of all segments, or of those that are no single tokens, in tiles of a size. */
  AttentionTiles tiles(AttentionSegments segments, List<Segment> tiled, int block) {
    var known = tiles;
    if (known == null
        || this.segments != segments
        || tiledSegments != tiled.size()
        || known.block() != block) {
      known = new AttentionTiles(tiled, segments.queries(), block);
      tiles = known;
      this.segments = segments;
      tiledSegments = tiled.size();
    }
    return known;
  }

  /** The work of single tokens that continue sequences. */
  CacheReads reads(AttentionSegments segments) {
    var known = reads;
    if (known == null || readSegments != segments) {
      known = new CacheReads(segments);
      reads = known;
      readSegments = segments;
    }
    return known;
  }
}
