package org.bayu.finetune.data;

import it.unimi.dsi.fastutil.ints.AbstractIntList;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * A data set's examples by row number. The token ids stay where they are, as a rule in a mapped
 * file; an example's token list is a view of them, and only 12 bytes a row lie on the heap.
 */
public final class TokenizedData extends AbstractList<TokenizedExample> implements RandomAccess {
  /** One token id, as in the cache file. */
  static final ValueLayout.OfInt ID =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private final MemorySegment ids;
  private final long[] ends;
  private final int[] sourceLengths;
  private final Counts counts;

  /**
   * What became of the rows on their way to tokens.
   *
   * @param skippedRows bad lines that were passed over
   * @param truncatedRows rows longer than the limit, cut on the right
   * @param mergedRows rows whose prompt, tokenized by itself, is not the beginning of the whole:
   *     the tokenizer merged the prompt's end with the output's beginning
   */
  public record Counts(int skippedRows, int truncatedRows, int mergedRows) {}

  /**
   * @param ids all rows' token ids, row after row, each an {@link #ID}
   * @param lengths each row's number of tokens
   * @param sourceLengths each row's {@link TokenizedExample#sourceLength()}
   */
  TokenizedData(MemorySegment ids, int[] lengths, int[] sourceLengths, Counts counts) {
    this(ids, ends(lengths), sourceLengths, counts);
  }

  private TokenizedData(MemorySegment ids, long[] ends, int[] sourceLengths, Counts counts) {
    this.ids = ids;
    this.ends = ends;
    this.sourceLengths = sourceLengths;
    this.counts = counts;
  }

  private static long[] ends(int[] lengths) {
    var ends = new long[lengths.length];
    var end = 0L;
    for (var row = 0; row < lengths.length; row++) {
      end += lengths[row];
      ends[row] = end;
    }
    return ends;
  }

  /** Examples that are in memory already; their tokens are copied. */
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
        new Counts(0, 0, 0));
  }

  @Override
  public int size() {
    return ends.length;
  }

  @Override
  public TokenizedExample get(int row) {
    var begin = row == 0 ? 0 : ends[row - 1];
    return new TokenizedExample(
        new View(ids, begin, (int) (ends[row] - begin)), sourceLengths[row]);
  }

  /** The first rows, {@code rows} of them or all that there are; the counts stay those of all. */
  public TokenizedData first(long rows) {
    return rows >= size()
        ? this
        : new TokenizedData(ids, Arrays.copyOf(ends, (int) rows), sourceLengths, counts);
  }

  /** The tokens of all rows. */
  public long tokens() {
    return ends.length == 0 ? 0 : ends[ends.length - 1];
  }

  /** What became of the rows on their way here. */
  public Counts counts() {
    return counts;
  }

  /** The rows in which no position has loss: they contribute nothing to any step. */
  public int rowsWithoutLoss(LossMask mask) {
    return (int) stream().filter(example -> mask.count(example) == 0).count();
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
