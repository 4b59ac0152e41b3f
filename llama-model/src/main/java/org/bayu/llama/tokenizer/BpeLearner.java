package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
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

  /** No place, and the symbol of a place whose symbol was joined to the one before. */
  private static final int NONE = -1;

  // The symbols of all words, each in its place, with the places beside it in the same word.
  private final IntArrayList symbols = new IntArrayList();
  private final IntArrayList previous = new IntArrayList();
  private final IntArrayList next = new IntArrayList();
  private final IntArrayList frequencies = new IntArrayList();

  private final Long2IntOpenHashMap counts = new Long2IntOpenHashMap();

  /** Where the first symbol of a pair stands, or stood before another merge took it. */
  private final Long2ObjectOpenHashMap<IntArrayList> placesOfPair = new Long2ObjectOpenHashMap<>();

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
  void add(int[] word, int frequency) {
    for (int i = 0; i < word.length; i++) {
      int place = symbols.size();
      symbols.add(word[i]);
      previous.add(i == 0 ? NONE : place - 1);
      next.add(i == word.length - 1 ? NONE : place + 1);
      frequencies.add(frequency);
      if (i > 0) {
        addPair(pack(word[i - 1], word[i]), place - 1);
      }
    }
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

  /** Joins a pair wherever it stands, from left to right. */
  private void merge(Pair pair, int joined) {
    var changed = new LongLinkedOpenHashSet();
    var places = placesOfPair.remove(pack(pair.left, pair.right));
    places.sort(null);
    for (int place : places) {
      int second = next.getInt(place);
      if (symbols.getInt(place) != pair.left
          || second == NONE
          || symbols.getInt(second) != pair.right) {
        continue;
      }
      int frequency = frequencies.getInt(place);
      int before = previous.getInt(place);
      int after = next.getInt(second);
      counts.addTo(pack(pair.left, pair.right), -frequency);
      if (before != NONE) {
        int neighbour = symbols.getInt(before);
        counts.addTo(pack(neighbour, pair.left), -frequency);
        addPair(pack(neighbour, joined), before);
        changed.add(pack(neighbour, joined));
      }
      if (after != NONE) {
        int neighbour = symbols.getInt(after);
        counts.addTo(pack(pair.right, neighbour), -frequency);
        addPair(pack(joined, neighbour), place);
        changed.add(pack(joined, neighbour));
        previous.set(after, place);
      }
      symbols.set(place, joined);
      symbols.set(second, NONE);
      next.set(place, after);
    }
    changed.forEach(this::offer);
  }

  private void addPair(long pair, int place) {
    counts.addTo(pair, frequencies.getInt(place));
    placesOfPair.computeIfAbsent(pair, _ -> new IntArrayList()).add(place);
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
