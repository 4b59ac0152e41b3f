package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntLinkedOpenHashSet;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongLinkedOpenHashSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.Predicate;

/**
 * Learns merges from words and how often each occurs: again and again the most frequent pair of
 * neighbours becomes one symbol, of equally frequent ones the pair with the smaller ids. Source:
 * Sennrich, Haddow, Birch 2016, "Neural Machine Translation of Rare Words with Subword Units".
 */
final class BpeLearner {
  /** Rarer pairs are not worth a symbol. */
  private static final int FEWEST = 2;

  private final List<int[]> words = new ArrayList<>();
  private final IntArrayList frequencies = new IntArrayList();
  private final Long2IntOpenHashMap counts = new Long2IntOpenHashMap();
  private final Long2ObjectOpenHashMap<IntLinkedOpenHashSet> wordsOfPair =
      new Long2ObjectOpenHashMap<>();
  private final PriorityQueue<Candidate> queue =
      new PriorityQueue<>(
          Comparator.comparingInt(Candidate::count)
              .reversed()
              .thenComparingInt(Candidate::left)
              .thenComparingInt(Candidate::right));

  private record Candidate(int count, int left, int right) {}

  /** Two symbols that become one. */
  record Pair(int left, int right) {}

  /** Gives symbols to what is learned. */
  interface Symbols {
    /** The symbol of two joined: a new one or, where the text is known already, the old one. */
    int join(Pair pair);

    /** Whether there is no room for another symbol. */
    boolean isFull();
  }

  /** Adds a word of symbols that occurs so often; words are added before learning. */
  void add(int[] symbols, int frequency) {
    words.add(symbols);
    frequencies.add(frequency);
    count(words.size() - 1, frequency);
  }

  /**
   * Learns until the vocabulary is full or no pair occurs twice.
   *
   * @param allowed which pairs may be joined
   * @return the merges, the first learned first
   */
  List<Pair> learn(Symbols symbols, Predicate<Pair> allowed) {
    for (long pair : counts.keySet()) {
      offer(pair);
    }
    var merges = new ArrayList<Pair>();
    while (!symbols.isFull() && !queue.isEmpty()) {
      var best = queue.remove();
      long key = pack(best.left, best.right);
      int count = counts.get(key);
      if (count != best.count) {
        // Counted before other merges took some of its occurrences.
        offer(key);
        continue;
      }
      if (count < FEWEST) {
        break;
      }
      var pair = new Pair(best.left, best.right);
      if (allowed.test(pair)) {
        merges.add(pair);
        merge(pair, symbols.join(pair));
      }
    }
    return merges;
  }

  private void merge(Pair pair, int joined) {
    var affected = wordsOfPair.remove(pack(pair.left, pair.right));
    var changed = new LongLinkedOpenHashSet();
    for (int word : affected) {
      var before = words.get(word);
      var after = new IntArrayList(before.length);
      for (int i = 0; i < before.length; i++) {
        boolean here =
            i + 1 < before.length && before[i] == pair.left && before[i + 1] == pair.right;
        after.add(here ? joined : before[i]);
        i += here ? 1 : 0;
      }
      if (after.size() == before.length) {
        continue;
      }
      count(word, -frequencies.getInt(word));
      words.set(word, after.toIntArray());
      count(word, frequencies.getInt(word));
      for (int i = 0; i + 1 < after.size(); i++) {
        if (after.getInt(i) == joined || after.getInt(i + 1) == joined) {
          changed.add(pack(after.getInt(i), after.getInt(i + 1)));
        }
      }
    }
    changed.forEach(this::offer);
  }

  /** Adds a word's pairs to the counts so many times. */
  private void count(int word, int times) {
    var symbols = words.get(word);
    for (int i = 0; i + 1 < symbols.length; i++) {
      long pair = pack(symbols[i], symbols[i + 1]);
      counts.addTo(pair, times);
      if (times > 0) {
        wordsOfPair.computeIfAbsent(pair, p -> new IntLinkedOpenHashSet()).add(word);
      }
    }
  }

  private void offer(long pair) {
    int count = counts.get(pair);
    if (count >= FEWEST) {
      queue.add(new Candidate(count, (int) (pair >>> 32), (int) pair));
    }
  }

  private static long pack(int left, int right) {
    return ((long) left << 32) | right;
  }
}
