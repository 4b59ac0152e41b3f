package org.bayu.tensor.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The learning rate of each step, as Levanter's optimizer configuration (2025-09-26) defines it.
 *
 * <p>The run is cut into cycles. A cycle of n steps is a linear warm-up to the greatest rate, from
 * 0 in the first cycle and from where the one before ended in the others; steps at that rate; and a
 * decay. With c counted from the decay's first step, D its length and min = rate · minRatio:
 *
 * <ul>
 *   <li>cosine: rate · ((1 − minRatio) · ½(1 + cos(π·c/D)) + minRatio)
 *   <li>linear: (rate − min) · (1 − c/D) + min
 *   <li>constant: rate
 *   <li>inv: max(rate / ((rate/min − 1) · max(c, 1)/D + 1), min)
 *   <li>inv_sqrt: max(rate · min(1, 1/√((c + warm-up) / 10000)), min)
 * </ul>
 */
public final class LearningRateSchedule {
  private final Decay decay;
  private final double rate;
  private final double minRatio;
  private final List<Cycle> cycles;
  private final int steps;

  /** The form of the decay. */
  public enum Decay {
    /** No decay. */
    CONSTANT,
    /** Along a straight line. */
    LINEAR,
    /** Along half a cosine. */
    COSINE,
    /** With the inverse of the step. */
    INV,
    /** With the inverse of the step's root. */
    INV_SQRT
  }

  private record Cycle(int start, int warmup, int stable, int decay, double from) {}

  /**
   * A schedule of {@code steps} steps.
   *
   * @param minRatio least rate ÷ greatest
   * @param warmup of the first cycle: up to 1 a fraction of its steps, truncated; else steps
   * @param decaySteps likewise; null for all that warm-up leaves
   * @param rewarmup of the other cycles
   * @param cycleStarts the steps at which a cycle but the first begins, ascending
   * @throws IllegalArgumentException if warm-up and decay are longer than a cycle, or the decay has
   *     no least rate to go to
   */
  public LearningRateSchedule(
      int steps,
      double rate,
      Decay decay,
      double minRatio,
      double warmup,
      @Nullable Double decaySteps,
      double rewarmup,
      List<Integer> cycleStarts) {
    this.steps = steps;
    this.rate = rate;
    this.decay = decay;
    this.minRatio = minRatio;
    if (decay == Decay.INV && minRatio == 0) {
      throw new IllegalArgumentException("the schedule inv needs a min_lr_ratio above 0");
    }
    var built = new ArrayList<Cycle>();
    var from = 0.0;
    for (var i = 0; i <= cycleStarts.size(); i++) {
      var start = i == 0 ? 0 : cycleStarts.get(i - 1);
      var end = i == cycleStarts.size() ? steps : cycleStarts.get(i);
      var length = end - start;
      if (length < 1) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "cycles must begin at ascending steps before %d, not %s",
                steps,
                cycleStarts));
      }
      var up = fractionOrSteps(i == 0 ? warmup : rewarmup, length);
      var down = decaySteps == null ? length - up : fractionOrSteps(decaySteps, length);
      if (up + down > length || (decay == Decay.COSINE && down < 1)) {
        throw new IllegalArgumentException(
            String.format(
                Locale.ROOT,
                "warm-up (%d steps) and decay (%d) do not fit in a cycle of %d steps",
                up,
                down,
                length));
      }
      var cycle = new Cycle(start, up, length - up - down, down, from);
      built.add(cycle);
      from = decayed(cycle, down);
    }
    cycles = List.copyOf(built);
  }

  private static int fractionOrSteps(double value, int total) {
    return (int) (value <= 1 ? value * total : value);
  }

  /**
   * The learning rate of step {@code step}, counted from 0.
   *
   * @throws IndexOutOfBoundsException if the schedule has no such step
   */
  public double rate(int step) {
    var cycle = cycles.getFirst();
    for (var next : cycles) {
      if (next.start <= Objects.checkIndex(step, steps)) {
        cycle = next;
      }
    }
    var n = step - cycle.start;
    if (n < cycle.warmup) {
      return linear(cycle.from, rate, cycle.warmup, n);
    }
    if (n < cycle.warmup + cycle.stable) {
      return rate;
    }
    return decayed(cycle, n - cycle.warmup - cycle.stable);
  }

  private double decayed(Cycle cycle, int count) {
    var min = rate * minRatio;
    var length = cycle.decay;
    return switch (decay) {
      case CONSTANT -> rate;
      case LINEAR -> linear(rate, min, length, count);
      case COSINE -> {
        var cosine = 0.5 * (1 + Math.cos(Math.PI * Math.min(count, length) / length));
        yield rate * ((1 - minRatio) * cosine + minRatio);
      }
      case INV -> Math.max(rate / ((1 / minRatio - 1) * Math.max(count, 1) / length + 1), min);
      case INV_SQRT -> {
        var root = Math.sqrt(Math.max(count + cycle.warmup, 1) / 10_000.0);
        yield Math.max(rate * Math.min(1, 1 / root), min);
      }
    };
  }

  private static double linear(double from, double to, int steps, int count) {
    return steps < 1 ? from : (from - to) * (1 - (double) Math.min(count, steps) / steps) + to;
  }
}
