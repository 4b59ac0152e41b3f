package org.bayu.finetune.config;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.finetune.config.ConfigSection.Range;
import org.bayu.tensor.optim.LearningRateSchedule;
import org.jspecify.annotations.Nullable;

/** The keys {@code optimizer.cycles} and {@code optimizer.cycle_length}, of which one is given. */
final class CycleKeys {
  private static final String CYCLES = "cycles";
  private static final String LENGTH = "cycle_length";

  private CycleKeys() {}

  /** The steps at which a new cycle begins. */
  static List<Integer> read(ConfigSection keys, int steps) {
    var starts = cycles(keys, steps);
    var lengths = lengths(keys, steps);
    if (lengths == null) {
      return starts;
    }
    if (!starts.isEmpty()) {
      throw keys.bad(LENGTH, "cycles says the same in another way; leave one of the two out.");
    }
    return lengths;
  }

  private static List<Integer> cycles(ConfigSection keys, int steps) {
    if (keys.isList(CYCLES)) {
      return withoutEnd(keys.increasing(CYCLES, 1), steps);
    }
    var cycles = keys.whole(CYCLES, 1, 1);
    if (cycles > steps) {
      throw keys.expected(CYCLES, "no more than the steps that there are (%s)".formatted(steps));
    }
    return IntStream.range(1, cycles)
        .map(i -> (int) ((double) steps / cycles * i))
        .boxed()
        .toList();
  }

  private static @Nullable List<Integer> lengths(ConfigSection keys, int steps) {
    if (!keys.isList(LENGTH)) {
      var length = keys.number(LENGTH, Range.STEPS);
      if (length == null) {
        return null;
      }
      var whole = LearningRateSchedule.fractionOrSteps(length, steps);
      if (whole < 1) {
        throw keys.expected(LENGTH, "a length of at least one of %s steps".formatted(steps));
      }
      return LearningRateSchedule.cyclesOf(whole, steps);
    }
    var starts = new ArrayList<Integer>();
    var end = 0L;
    for (var length : keys.wholes(LENGTH, 1)) {
      end += length;
      if (end > steps) {
        throw keys.bad(
            LENGTH, "the cycles are longer than the %s steps that there are.".formatted(steps));
      }
      starts.add((int) end);
    }
    return withoutEnd(starts, steps);
  }

  /** A cycle that ends with the run begins no other one. */
  private static List<Integer> withoutEnd(List<Integer> starts, int steps) {
    var ends = !starts.isEmpty() && starts.getLast() == steps;
    return List.copyOf(ends ? starts.subList(0, starts.size() - 1) : starts);
  }
}
