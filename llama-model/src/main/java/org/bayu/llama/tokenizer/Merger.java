package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.longs.LongHeapPriorityQueue;

/**
 * A linked list of symbols and the queue of the merges it allows: n symbols are merged in O(n log
 * n). Reused from word to word; for one thread at a time.
 */
final class Merger {
  private static final int DEAD = -1;
  private static final int END = -1;

  private final LongHeapPriorityQueue queue = new LongHeapPriorityQueue();
  private int[] symbols = new int[64];
  private int[] previous = new int[64];
  private int[] next = new int[64];
  private int size;

  /** Forgets the symbols. */
  void clear() {
    size = 0;
  }

  /** Adds a symbol behind the others. */
  void add(int symbol) {
    symbols = IntArrays.grow(symbols, size + 1, size);
    symbols[size++] = symbol;
  }

  /** Merges what can be merged, the best first. Afterwards go from {@link #first()} on. */
  void merge(Merges merges) {
    previous = IntArrays.ensureCapacity(previous, size, 0);
    next = IntArrays.ensureCapacity(next, size, 0);
    for (int i = 0; i < size; i++) {
      previous[i] = i - 1;
      next[i] = i + 1 < size ? i + 1 : END;
    }
    for (int i = 0; i < size; i++) {
      offer(i, merges);
    }
    while (!queue.isEmpty()) {
      long best = queue.dequeueLong();
      int left = (int) best;
      if (symbols[left] == DEAD || next[left] == END) {
        continue;
      }
      int right = next[left];
      long merge = merges.find(symbols[left], symbols[right]);
      // The pair that was queued may have been changed by a better merge since.
      if (merge == Merges.NONE || Merges.rank(merge) != (int) (best >>> 32)) {
        continue;
      }
      symbols[left] = Merges.merged(merge);
      symbols[right] = DEAD;
      next[left] = next[right];
      if (next[left] != END) {
        previous[next[left]] = left;
      }
      offer(left, merges);
      if (previous[left] >= 0) {
        offer(previous[left], merges);
      }
    }
  }

  /** Place of the first symbol, negative when there is none. */
  int first() {
    return size == 0 ? END : 0;
  }

  /** Place of the symbol behind, negative at the end. */
  int next(int place) {
    return next[place];
  }

  int symbol(int place) {
    return symbols[place];
  }

  private void offer(int left, Merges merges) {
    if (next[left] == END) {
      return;
    }
    long merge = merges.find(symbols[left], symbols[next[left]]);
    if (merge != Merges.NONE) {
      queue.enqueue(((long) Merges.rank(merge) << 32) | left);
    }
  }
}
