package org.bayu.finetune.config;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.finetune.config.ConfigSection.Range;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Decay;
import org.bayu.tensor.optim.LearningRateSchedule;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code optimizer}: AdamW and its learning rate.
 *
 * @param learningRate the greatest
 * @param weightDecay decoupled; not on embeddings, norms and biases
 * @param beta1 decay of the gradient's mean
 * @param beta2 decay of the squared gradient's mean
 * @param epsilon added to the root of the latter
 * @param maxGradNorm what the gradients' global norm is cut to; 0 for no clipping
 * @param lrSchedule how the learning rate falls
 * @param minLrRatio the least learning rate, as a share of the greatest
 * @param warmup steps of linear rise at the beginning: a fraction of the cycle up to 1, else steps
 * @param decay steps of the fall, written likewise; null for all that warm-up leaves
 * @param rewarmup as {@code warmup}, for every cycle but the first
 * @param cooldown steps of linear fall at the run's end, after all cycles: a fraction of the run up
 *     to 1, else steps
 * @param cycles the steps at which a new cycle begins; none for a single cycle. A number of cycles
 *     is read as that many of equal length, {@code cycle_length} as cycles of that length
 * @param weights in which type the weights are held, {@code f32} or {@code bf16}
 * @param state in which form the moments are held, {@code f32} or {@code 8bit}
 */
public record OptimizerConfig(
    double learningRate,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double maxGradNorm,
    Decay lrSchedule,
    double minLrRatio,
    double warmup,
    @Nullable Double decay,
    double rewarmup,
    double cooldown,
    List<Integer> cycles,
    String weights,
    String state) {
  private static final String F32 = "f32";
  private static final String EIGHT_BIT = "8bit";

  private static final String BF16 = "bf16";
  private static final Set<String> TYPES =
      Collections.unmodifiableSet(new TreeSet<>(List.of(F32, BF16)));
  private static final Set<String> FORMS =
      Collections.unmodifiableSet(new TreeSet<>(List.of(F32, EIGHT_BIT)));

  static OptimizerConfig read(ConfigSection keys, int numTrainSteps) {
    // Levanter: null means no clipping, absent means 1.
    var clipping = keys.has("max_grad_norm") ? 0 : 1.0;
    var cooldown = keys.number("cooldown", 0, Range.STEPS);
    var mainSteps = numTrainSteps - LearningRateSchedule.fractionOrSteps(cooldown, numTrainSteps);
    if (mainSteps < 1) {
      throw keys.expected(
          "cooldown", "less than the whole run of %s steps".formatted(numTrainSteps));
    }
    var config =
        new OptimizerConfig(
            keys.number("learning_rate", 6e-4, Range.NOT_NEGATIVE),
            keys.number("weight_decay", 0.1, Range.NOT_NEGATIVE),
            keys.number("beta1", 0.9, Range.BELOW_ONE),
            keys.number("beta2", 0.95, Range.BELOW_ONE),
            keys.number("epsilon", 1e-8, Range.NOT_NEGATIVE),
            keys.number("max_grad_norm", clipping, Range.NOT_NEGATIVE),
            LrScheduleKey.read(keys),
            keys.number("min_lr_ratio", 0.1, Range.FRACTION),
            keys.number("warmup", 0.01, Range.STEPS),
            keys.number("decay", Range.STEPS),
            keys.number("rewarmup", 0, Range.STEPS),
            cooldown,
            CycleKeys.read(keys, mainSteps),
            keys.choice("weights", TYPES, F32),
            keys.choice("state", FORMS, F32));
    try {
      var _ = new LearningRateSchedule(numTrainSteps, config.scheduleSettings());
    } catch (IllegalArgumentException e) {
      throw keys.bad(e.getMessage() + ".");
    }
    return config;
  }

  /** What the learning rate of each step follows from. */
  public LearningRateSchedule.Settings scheduleSettings() {
    return new LearningRateSchedule.Settings(
        learningRate, lrSchedule, minLrRatio, warmup, decay, rewarmup, cooldown, cycles);
  }

  /**
   * The optimizer's constants.
   *
   * @param all whether all weights are trained: an adapter's state is small and stays F32
   */
  AdamW.Settings adamW(boolean all) {
    var moments = all && state.equals(EIGHT_BIT) ? AdamW.Moments.EIGHT_BIT : AdamW.Moments.F32;
    return new AdamW.Settings(beta1, beta2, epsilon, weightDecay, moments);
  }

  /** The type of the weights where all are trained. */
  DType weightType() {
    return weights.equals(BF16) ? DType.BF16 : DType.F32;
  }

  /** What has no effect on a run that trains an adapter, a line each. */
  List<String> withoutEffectOnAdapter() {
    var lines = new ArrayList<String>();
    if (!weights.equals(F32)) {
      lines.add(
          "optimizer.weights: %s has no effect, because a LoRA adapter's weights stay f32."
              .formatted(weights));
    }
    if (!state.equals(F32)) {
      lines.add(
          "optimizer.state: %s has no effect, because a LoRA adapter's state is small and stays f32."
              .formatted(state));
    }
    return lines;
  }
}
