package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;

/**
 * Which two neighbouring symbols become which one, and in what order of preference: the smaller
 * rank first, and of equal ranks the one further left.
 */
final class Merges {
  /** No merge. */
  static final long NONE = -1;

  private final Long2LongOpenHashMap merges;
  private final LongOpenHashSet neighbours = new LongOpenHashSet();

  Merges(int expected) {
    merges = new Long2LongOpenHashMap(expected);
    merges.defaultReturnValue(NONE);
  }

  /** Lets {@code left} and {@code right} become {@code merged}, whose text is {@code text}. */
  void add(int left, int right, int rank, int merged, String text) {
    merges.put(pack(left, right), pack(rank, merged));
    for (int i = 0, first = text.codePointAt(0); ; ) {
      i += Character.charCount(first);
      if (i == text.length()) {
        break;
      }
      int second = text.codePointAt(i);
      neighbours.add(pack(first, second));
      first = second;
    }
  }

  /** Rank and merged symbol of two neighbours, packed, or {@link #NONE}. */
  long find(int left, int right) {
    return merges.get(pack(left, right));
  }

  /**
   * Whether some merged symbol has these two characters side by side. Where none has, no merge ever
   * crosses, and a text may be cut there without changing its symbols.
   */
  boolean mayJoin(int firstCodePoint, int secondCodePoint) {
    return neighbours.contains(pack(firstCodePoint, secondCodePoint));
  }

  static int rank(long merge) {
    return (int) (merge >>> 32);
  }

  static int merged(long merge) {
    return (int) merge;
  }

  private static long pack(int high, int low) {
    return ((long) high << 32) | low;
  }
}
