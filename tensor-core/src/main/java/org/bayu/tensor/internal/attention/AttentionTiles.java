package org.bayu.tensor.internal.attention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.tensor.AttentionSegments.Range;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.internal.elements.Split;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.jspecify.annotations.Nullable;

/**
 * Attention's work in tiles: a block of query rows with a piece of the key rows.
 *
 * <p>Queries are cut every {@code block} rows, whatever their segments. Keys are cut where any
 * segment's range begins or ends and then into pieces of at most {@code block}, so that a row sees
 * of a piece the first keys, none, some or all. The cut depends on segments and block alone.
 */
final class AttentionTiles {
  /** A shift with which every row sees all keys. */
  private static final int ALL = 1 << 30;

  private final int block;
  private final int queries;
  private final int[] pieceStarts;
  private final int[] ownKeys;
  private final Tile[][] ofBlock;
  private final Tile[][] ofPiece;
  private @Nullable PackedPieces packed;

  /**
   * Some rows of a block that see a piece, rows counted from the block's start: row r, {@code
   * rowFrom} ≤ r &lt; {@code rowTo}, sees the first min(r + shift, keys of the piece), at least
   * one.
   */
  record Tile(int block, int piece, int rowFrom, int rowTo, int shift) {
    /** How many of the piece's {@code keys} row r sees. */
    int visible(int row, int keys) {
      return Math.min(row + shift, keys);
    }

    /** The first row that sees key {@code key} of the piece; {@link #rowTo} if none does. */
    int firstRow(int key) {
      return Math.clamp(key + 1L - shift, rowFrom, rowTo);
    }

    /**
     * Where the rows end that, from {@code row} on, are best computed together: at the next
     * multiple of {@code strip}, since those behind see more keys, or all where all see all.
     */
    int stripTo(int row, int keys, int strip) {
      return visible(row, keys) == keys ? rowTo : Math.min(rowTo, (row / strip + 1) * strip);
    }

    private boolean continues(Tile before) {
      return piece == before.piece
          && rowFrom == before.rowTo
          && shift == ALL
          && before.shift == ALL;
    }
  }

  /** Tiles of these of the segments of so many queries. */
  AttentionTiles(List<Segment> segments, int queries, int block) {
    this.block = block;
    this.queries = queries;
    pieceStarts = cut(segments, block);
    ownKeys = new int[queries];
    var byBlock = lists(blocks());
    for (var segment : segments) {
      for (var j = 0; j < segment.queryLength(); j++) {
        ownKeys[segment.queryStart() + j] =
            segment.keyStart() + segment.keyLength() - segment.queryLength() + j;
      }
      addTiles(segment, byBlock);
    }
    byBlock.replaceAll(AttentionTiles::joined);
    var byPiece = lists(pieces());
    byBlock.forEach(tiles -> tiles.forEach(tile -> byPiece.get(tile.piece).add(tile)));
    ofBlock = arrays(byBlock);
    ofPiece = arrays(byPiece);
  }

  private static List<List<Tile>> lists(int count) {
    var lists = new ArrayList<List<Tile>>();
    for (var i = 0; i < count; i++) {
      lists.add(new ArrayList<>());
    }
    return lists;
  }

  private static Tile[][] arrays(List<List<Tile>> lists) {
    return lists.stream().map(list -> list.toArray(Tile[]::new)).toArray(Tile[][]::new);
  }

  private static int[] cut(List<Segment> segments, int block) {
    var cuts = new TreeSet<Integer>();
    cuts.add(0);
    for (var segment : segments) {
      addCuts(segment.ownKeys(), cuts);
      segment.context().forEach(range -> addCuts(range, cuts));
    }
    var starts = new ArrayList<Integer>();
    var from = 0;
    for (var to : cuts) {
      var parts = (to - from + block - 1) / block;
      for (var part = 0; part < parts; part++) {
        starts.add(from + (int) ((long) (to - from) * part / parts));
      }
      from = to;
    }
    starts.add(from);
    return starts.stream().mapToInt(Integer::intValue).toArray();
  }

  private static void addCuts(Range range, Set<Integer> cuts) {
    cuts.add(range.start());
    cuts.add(range.end());
  }

  private void addTiles(Segment segment, List<List<Tile>> byBlock) {
    var from = segment.queryStart();
    var end = from + segment.queryLength();
    while (from < end) {
      var index = from / block;
      var start = index * block;
      var rowFrom = from - start;
      var rowTo = Math.min(end - start, block);
      for (var range : segment.context()) {
        for (var piece = pieceAt(range.start()); pieceStarts[piece] < range.end(); piece++) {
          byBlock.get(index).add(new Tile(index, piece, rowFrom, rowTo, ALL));
        }
      }
      var own = segment.ownKeys();
      for (var piece = pieceAt(own.start()); pieceStarts[piece] < own.end(); piece++) {
        // Row r is the segment's query start + r − queryStart.
        var shift =
            segment.keyLength()
                - segment.queryLength()
                + (start - segment.queryStart())
                + 1
                - (pieceStarts[piece] - own.start());
        var first = Math.max(rowFrom, 1 - shift);
        if (first < rowTo) {
          var all = first == rowFrom && rowFrom + shift >= keys(piece);
          byBlock.get(index).add(new Tile(index, piece, first, rowTo, all ? ALL : shift));
        }
      }
      from = start + rowTo;
    }
  }

  private int pieceAt(int key) {
    return Arrays.binarySearch(pieceStarts, key);
  }

  /** The tiles in order, neighbouring segments' views of a common ancestor in one. */
  private static List<Tile> joined(List<Tile> tiles) {
    tiles.sort(Comparator.comparingInt(Tile::piece).thenComparingInt(Tile::rowFrom));
    var joined = new ArrayList<Tile>();
    for (var tile : tiles) {
      if (!joined.isEmpty() && tile.continues(joined.getLast())) {
        var before = joined.removeLast();
        joined.add(new Tile(tile.block, tile.piece, before.rowFrom, tile.rowTo, ALL));
      } else {
        joined.add(tile);
      }
    }
    return joined;
  }

  /** Query rows of a block; the most keys of a piece. */
  int block() {
    return block;
  }

  /** Number of blocks of queries. */
  int blocks() {
    return Split.tasks(queries, block);
  }

  /** Query rows of block i. */
  int rows(int i) {
    return Math.min(block, queries - i * block);
  }

  /** Number of pieces; together they cover all keys that are seen. */
  int pieces() {
    return pieceStarts.length - 1;
  }

  /** The first key of piece i. */
  int keyStart(int i) {
    return pieceStarts[i];
  }

  /** Keys of piece i. */
  int keys(int i) {
    return pieceStarts[i + 1] - pieceStarts[i];
  }

  /** The key of query {@code row} itself. */
  int ownKey(int row) {
    return ownKeys[row];
  }

  /** The tiles of block i, piece by piece. */
  Tile[] ofBlock(int i) {
    return ofBlock[i];
  }

  /** The tiles of piece i, block by block; none if nobody sees it. */
  Tile[] ofPiece(int i) {
    return ofPiece[i];
  }

  /** Where the pieces of one head are packed. */
  PackedPieces packed(AttentionKernels kernels, int headDim) {
    var known = packed;
    if (known == null || known.headDim() != headDim) {
      known = new PackedPieces(this, kernels, headDim);
      packed = known;
    }
    return known;
  }
}
