package org.bayu.tensor.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The learning rate of each step, as Levanter's optimizer configuration (2025-09-26) defines it.
 *
 * <p>A run has cycles and then a cooldown. A cycle is a linear warm-up to the highest rate, some
 * steps at that rate, and a {@link Decay}. The warm-up of the first cycle begins at 0, that of
 * another cycle at the last rate of the cycle before. The cooldown is a straight line from the end
 * of the last decay to the lowest rate.
 *
 * <p>A number of steps that is at most 1 is a fraction, and is rounded down. A larger one is a
 * whole number.
 */
public final class LearningRateSchedule {
  private final Settings settings;
  private final List<Cycle> cycles;
  private final int steps;
  private final int cooldown;
  private final double last;

  /**
   * The constants of a schedule.
   *
   * @param rate the highest rate
   * @param minRatio lowest rate divided by the highest
   * @param warmup steps of the first cycle's warm-up, or its fraction of the cycle
   * @param decaySteps the same for the decay; null for all steps after the warm-up
   * @param rewarmup like {@code warmup}, for the other cycles
   * @param cooldown steps after the last cycle, or their fraction of the run
   * @param cycleStarts the steps at which the cycles after the first begin, ascending
   */
  public record Settings(
      double rate,
      Decay decay,
      double minRatio,
      double warmup,
      @Nullable Double decaySteps,
      double rewarmup,
      double cooldown,
      List<Integer> cycleStarts) {}

  private record Cycle(int start, int warmup, int stable, int decay, double from) {}

  /**
   * A schedule of {@code steps} steps.
   *
   * @throws IllegalArgumentException if warm-up and decay are longer than a cycle, or the decay has
   *     no lowest rate to go to
   */
  public LearningRateSchedule(int steps, Settings settings) {
    this.steps = steps;
    this.settings = settings;
    if (settings.decay instanceof Decay.Inv && settings.minRatio == 0) {
      throw new IllegalArgumentException("the schedule inv needs a min_lr_ratio above 0");
    }
    cooldown = fractionOrSteps(settings.cooldown, steps);
    var main = steps - cooldown;
    if (main < 1) {
      throw new IllegalArgumentException(
          "a cooldown of %s steps leaves none of %s".formatted(cooldown, steps));
    }
    var starts = settings.cycleStarts;
    var built = new ArrayList<Cycle>();
    var from = 0.0;
    for (var i = 0; i <= starts.size(); i++) {
      var start = i == 0 ? 0 : starts.get(i - 1);
      var length = (i == starts.size() ? main : starts.get(i)) - start;
      if (length < 1) {
        throw new IllegalArgumentException(
            "a cycle begins at step %s and has no steps before %s"
                .formatted(start, i == starts.size() ? main : starts.get(i)));
      }
      var name = i == 0 ? "warm-up" : "warm-up of a later cycle";
      var up = fractionOrSteps(i == 0 ? settings.warmup : settings.rewarmup, length);
      var down =
          settings.decaySteps == null ? length - up : fractionOrSteps(settings.decaySteps, length);
      if (up > length || (up == length && settings.decay instanceof Decay.Cosine)) {
        throw new IllegalArgumentException(
            "%s (%s steps) leaves nothing of a cycle of %s steps".formatted(name, up, length));
      }
      if ((long) up + down > length || (settings.decay instanceof Decay.Cosine && down < 1)) {
        throw new IllegalArgumentException(
            "%s (%s steps) and decay (%s) do not fit in a cycle of %s steps"
                .formatted(name, up, down, length));
      }
      var cycle = new Cycle(start, up, length - up - down, down, from);
      built.add(cycle);
      from = decayed(cycle, down);
    }
    cycles = List.copyOf(built);
    last = from;
  }

  /**
   * The number of steps that {@code value} stands for: a fraction of {@code total} if it is at most
   * 1, else a number of steps.
   */
  public static int fractionOrSteps(double value, int total) {
    return (int) (value <= 1 ? value * total : value);
  }

  /**
   * The steps at which cycles of this length begin, without the first. The last cycle also takes
   * the remaining steps, so it may be longer.
   *
   * @param length of at least one step
   */
  public static List<Integer> cyclesOf(int length, int steps) {
    return IntStream.range(1, steps / length).map(i -> i * length).boxed().toList();
  }

  /**
   * The learning rate of step {@code step}, counted from 0.
   *
   * @throws IndexOutOfBoundsException if the schedule has no such step
   */
  public double rate(int step) {
    var cooled = Objects.checkIndex(step, steps) - (steps - cooldown);
    if (cooled >= 0) {
      return linear(last, settings.rate * settings.minRatio, cooldown, cooled);
    }
    var cycle = cycles.getFirst();
    for (var next : cycles) {
      if (next.start <= step) {
        cycle = next;
      }
    }
    var n = step - cycle.start;
    if (n < cycle.warmup) {
      return linear(cycle.from, settings.rate, cycle.warmup, n);
    }
    if (n < cycle.warmup + cycle.stable) {
      return settings.rate;
    }
    return decayed(cycle, n - cycle.warmup - cycle.stable);
  }

  private double decayed(Cycle cycle, int count) {
    return settings.decay.rate(settings.rate, settings.minRatio, cycle.warmup, cycle.decay, count);
  }

  static double linear(double from, double to, int steps, int count) {
    return steps < 1 ? from : (from - to) * (1 - (double) Math.min(count, steps) / steps) + to;
  }
}
