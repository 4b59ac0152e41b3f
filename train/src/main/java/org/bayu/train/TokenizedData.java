package org.bayu.train;

import it.unimi.dsi.fastutil.ints.AbstractIntList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.RandomAccess;
import java.util.stream.IntStream;
import org.bayu.tensor.io.Sha256;

/**
 * A data set's examples by row number. The token ids usually stay in a mapped file. An example's
 * token list is a view of them. The heap holds only 16 bytes for each row.
 */
public final class TokenizedData extends AbstractList<TokenizedExample> implements RandomAccess {
  /** One token id, as in the cache file. */
  public static final ValueLayout.OfInt ID =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final MemorySegment ids;
  private final long[] begins;
  private final int[] lengths;
  private final int[] sourceLengths;
  private final Counts counts;

  /**
   * Counts of what tokenizing did to the rows.
   *
   * @param skippedRows bad lines that were skipped
   * @param truncatedRows rows longer than the limit, cut on the right
   * @param mergedRows rows in which the tokenizer merged the prompt's end with the output's
   *     beginning, so that the prompt's own tokens are not the first tokens of the whole
   * @param spellingRows rows whose own text spells a special token, which stays text
   */
  public record Counts(int skippedRows, int truncatedRows, int mergedRows, int spellingRows) {}

  /**
   * @param ids all rows' token ids, row after row, each an {@link #ID}
   * @param lengths each row's number of tokens
   * @param sourceLengths each row's {@link TokenizedExample#sourceLength()}
   */
  public TokenizedData(MemorySegment ids, int[] lengths, int[] sourceLengths, Counts counts) {
    this(ids, begins(lengths), lengths, sourceLengths, counts);
  }

  private TokenizedData(
      MemorySegment ids, long[] begins, int[] lengths, int[] sourceLengths, Counts counts) {
    this.ids = ids;
    this.begins = begins;
    this.lengths = lengths;
    this.sourceLengths = sourceLengths;
    this.counts = counts;
  }

  private static long[] begins(int[] lengths) {
    var begins = new long[lengths.length];
    for (var row = 1; row < lengths.length; row++) {
      begins[row] = begins[row - 1] + lengths[row - 1];
    }
    return begins;
  }

  /** Examples from memory; their tokens are copied. */
  public static TokenizedData of(List<TokenizedExample> examples) {
    var all = new IntArrayList();
    examples.forEach(example -> all.addAll(example.tokens()));
    var ids = MemorySegment.ofArray(new int[all.size()]);
    for (var i = 0; i < all.size(); i++) {
      ids.setAtIndex(ID, i, all.getInt(i));
    }
    return new TokenizedData(
        ids,
        examples.stream().mapToInt(example -> example.tokens().size()).toArray(),
        examples.stream().mapToInt(TokenizedExample::sourceLength).toArray(),
        new Counts(0, 0, 0, 0));
  }

  @Override
  public int size() {
    return lengths.length;
  }

  @Override
  public TokenizedExample get(int row) {
    return new TokenizedExample(new View(ids, begins[row], lengths[row]), sourceLengths[row]);
  }

  /**
   * The first {@code rows} rows, or all if there are fewer. {@link #counts} stays that of all rows.
   */
  public TokenizedData first(long rows) {
    return rows >= size()
        ? this
        : new TokenizedData(
            ids,
            Arrays.copyOf(begins, (int) rows),
            Arrays.copyOf(lengths, (int) rows),
            Arrays.copyOf(sourceLengths, (int) rows),
            counts);
  }

  /** The tokens of all rows. */
  public long tokens() {
    return IntStream.of(lengths).asLongStream().sum();
  }

  /** SHA-256 of the examples in their order: lengths, source lengths and token ids, as hex. */
  public String digest() {
    var digest = Sha256.digest();
    var row = ByteBuffer.allocate(1 << 16);
    for (var i = 0; i < size(); i++) {
      var bytes = Math.multiplyExact(Integer.BYTES, lengths[i]);
      if (row.capacity() < 8 + bytes) {
        row = ByteBuffer.allocate(Math.max(2 * row.capacity(), 8 + bytes));
      }
      row.clear().putInt(lengths[i]).putInt(sourceLengths[i]);
      MemorySegment.copy(ids, begins[i] * Integer.BYTES, MemorySegment.ofBuffer(row), 0, bytes);
      digest.update(row.array(), 0, 8 + bytes);
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  /** What tokenizing did to the rows. */
  public Counts counts() {
    return counts;
  }

  /**
   * The rows in which a position has loss, in the same order. Other rows would contribute nothing
   * to a step. {@link #counts} stays that of all rows.
   */
  public TokenizedData withLoss(LossMask mask) {
    var rows = IntStream.range(0, size()).filter(row -> mask.count(get(row)) > 0).toArray();
    return rows.length == size()
        ? this
        : new TokenizedData(
            ids,
            IntStream.of(rows).mapToLong(row -> begins[row]).toArray(),
            IntStream.of(rows).map(row -> lengths[row]).toArray(),
            IntStream.of(rows).map(row -> sourceLengths[row]).toArray(),
            counts);
  }

  private static final class View extends AbstractIntList implements RandomAccess {
    private final MemorySegment ids;
    private final long begin;
    private final int size;

    View(MemorySegment ids, long begin, int size) {
      this.ids = ids;
      this.begin = begin;
      this.size = size;
    }

    @Override
    public int getInt(int index) {
      ensureRestrictedIndex(index);
      return ids.getAtIndex(ID, begin + index);
    }

    @Override
    public int size() {
      return size;
    }

    @Override
    public IntList subList(int from, int to) {
      ensureIndex(from);
      ensureIndex(to);
      return new View(ids, begin + from, to - from);
    }
  }
}
