package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BpeLearnerTest {
  private static final int FIRST_JOINED = 5;

  /** Words of symbols below {@link #FIRST_JOINED}, and how often each occurs. */
  private record Corpus(List<List<Integer>> words, List<Integer> frequencies) {
    static Corpus random(SplittableRandom random) {
      var words = new ArrayList<List<Integer>>();
      var frequencies = new ArrayList<Integer>();
      var symbols = 1 + random.nextInt(FIRST_JOINED);
      for (var count = 1 + random.nextInt(8); count > 0; count--) {
        var length = 2 + random.nextInt(40);
        words.add(random.ints(length, 0, symbols).boxed().toList());
        frequencies.add(1 + random.nextInt(4));
      }
      return new Corpus(words, frequencies);
    }

    /** The pairs that become symbols, by counting all neighbours anew for each. */
    List<BpeLearner.Pair> merges(int most) {
      var merges = new ArrayList<BpeLearner.Pair>();
      List<List<Integer>> rest = new ArrayList<>(words);
      while (merges.size() < most) {
        var counts = counts(rest);
        var order =
            Map.Entry.<BpeLearner.Pair, Integer>comparingByValue()
                .reversed()
                .thenComparing(Map.Entry.comparingByKey(ORDER));
        var best = counts.entrySet().stream().min(order);
        if (best.isEmpty() || best.get().getValue() < 2) {
          break;
        }
        var pair = best.get().getKey();
        var joined = FIRST_JOINED + merges.size();
        rest = rest.stream().map(word -> joined(word, pair, joined)).toList();
        merges.add(pair);
      }
      return merges;
    }

    private static final Comparator<BpeLearner.Pair> ORDER =
        Comparator.comparingInt(BpeLearner.Pair::left).thenComparingInt(BpeLearner.Pair::right);

    private Map<BpeLearner.Pair, Integer> counts(List<List<Integer>> rest) {
      var counts = new TreeMap<BpeLearner.Pair, Integer>(ORDER);
      for (var word = 0; word < rest.size(); word++) {
        var symbols = rest.get(word);
        for (var i = 0; i + 1 < symbols.size(); i++) {
          counts.merge(
              new BpeLearner.Pair(symbols.get(i), symbols.get(i + 1)),
              frequencies.get(word),
              Integer::sum);
        }
      }
      return counts;
    }

    private static List<Integer> joined(List<Integer> word, BpeLearner.Pair pair, int joined) {
      var after = new ArrayList<Integer>();
      for (var i = 0; i < word.size(); i++) {
        var here =
            i + 1 < word.size() && word.get(i) == pair.left() && word.get(i + 1) == pair.right();
        after.add(here ? joined : word.get(i));
        i += here ? 1 : 0;
      }
      return after;
    }
  }

  @Test
  void mergesAreThoseOfCountingAllPairsAnewEachTime() {
    var random = new SplittableRandom(1);
    for (var round = 0; round < 300; round++) {
      var corpus = Corpus.random(random);
      var most = 1 + random.nextInt(30);
      var learner = new BpeLearner();
      for (var word = 0; word < corpus.words.size(); word++) {
        learner.add(
            corpus.words.get(word).stream().mapToInt(Integer::intValue).toArray(),
            corpus.frequencies.get(word));
      }
      var symbols =
          new BpeLearner.Symbols() {
            private int joined = FIRST_JOINED;

            @Override
            public int join(BpeLearner.Pair pair) {
              return joined++;
            }

            @Override
            public boolean isFull() {
              return joined == FIRST_JOINED + most;
            }
          };
      assertEquals(corpus.merges(most), learner.learn(symbols, _ -> true), "round " + round);
    }
  }
}
