package org.bayu.finetune.sentences;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Choices by one stream of random numbers: the same seed makes the same ones. */
final class Choice {
  private final Random random;

  Choice(long seed) {
    random = new Random(seed);
  }

  <T> T one(List<T> choices) {
    return choices.get(random.nextInt(choices.size()));
  }

  @SafeVarargs
  final <T> T one(T... choices) {
    return choices[random.nextInt(choices.length)];
  }

  /** A number from {@code low} to {@code high}, both included. */
  int number(int low, int high) {
    return low + random.nextInt(high - low + 1);
  }

  /** True with the given probability. */
  boolean chance(double probability) {
    return random.nextDouble() < probability;
  }

  <T> List<T> shuffled(List<T> list) {
    var copy = new ArrayList<>(list);
    Collections.shuffle(copy, random);
    return copy;
  }

  /** {@code count} of them in the order of the list. */
  <T> List<T> some(List<T> list, int count) {
    var chosen = shuffled(list).subList(0, count);
    return list.stream().filter(chosen::contains).toList();
  }
}
