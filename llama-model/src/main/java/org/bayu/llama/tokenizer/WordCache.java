package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntImmutableList;
import org.jspecify.annotations.Nullable;

/**
 * The ids of words met before. A word has one place, where a newer one displaces it: memory is
 * bounded, and what is found does not depend on what was looked up before. For any number of
 * threads: entries are immutable, and losing one to a race only costs its work again.
 */
final class WordCache {
  /** Longer words are rare and seldom return. */
  static final int LONGEST = 48;

  private static final int PLACES = 1 << 14;

  private final @Nullable Entry[] entries = new @Nullable Entry[PLACES];

  private record Entry(String word, IntImmutableList ids) {}

  /** The ids of the word from {@code start} to {@code end} of a text; null when not known. */
  @Nullable IntImmutableList find(String text, int start, int end) {
    var entry = entries[place(text, start, end)];
    return entry != null
            && entry.word.length() == end - start
            && entry.word.regionMatches(0, text, start, end - start)
        ? entry.ids
        : null;
  }

  /** Remembers the ids. */
  void put(String text, int start, int end, IntImmutableList ids) {
    entries[place(text, start, end)] = new Entry(text.substring(start, end), ids);
  }

  private static int place(String text, int start, int end) {
    int hash = 0;
    for (int i = start; i < end; i++) {
      hash = 31 * hash + text.charAt(i);
    }
    return (hash ^ (hash >>> 14)) & (PLACES - 1);
  }
}
