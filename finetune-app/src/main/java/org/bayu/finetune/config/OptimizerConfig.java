package org.bayu.finetune.config;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.bayu.finetune.UserException;
import org.bayu.finetune.config.ConfigSection.Range;
import org.bayu.tensor.optim.AdamW;
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
 * @param cycles the steps at which a new cycle begins; none for a single cycle. A number of cycles
 *     is read as that many of equal length
 */
public record OptimizerConfig(
    double learningRate,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double maxGradNorm,
    LearningRateSchedule.Decay lrSchedule,
    double minLrRatio,
    double warmup,
    @Nullable Double decay,
    double rewarmup,
    List<Integer> cycles) {

  static OptimizerConfig read(ConfigSection keys, int numTrainSteps) {
    // Levanter: null means no clipping, absent means 1.
    var clipping = keys.has("max_grad_norm") ? 0 : 1.0;
    return new OptimizerConfig(
        keys.number("learning_rate", 6e-4, Range.NOT_NEGATIVE),
        keys.number("weight_decay", 0.1, Range.NOT_NEGATIVE),
        keys.number("beta1", 0.9, Range.BELOW_ONE),
        keys.number("beta2", 0.95, Range.BELOW_ONE),
        keys.number("epsilon", 1e-8, Range.NOT_NEGATIVE),
        keys.number("max_grad_norm", clipping, Range.NOT_NEGATIVE),
        keys.choice("lr_schedule", LearningRateSchedule.Decay.COSINE),
        keys.number("min_lr_ratio", 0.1, Range.FRACTION),
        keys.number("warmup", 0.01, Range.STEPS),
        keys.number("decay", Range.STEPS),
        keys.number("rewarmup", 0, Range.STEPS),
        cycles(keys, numTrainSteps));
  }

  private static List<Integer> cycles(ConfigSection keys, int numTrainSteps) {
    if (keys.isList("cycles")) {
      var steps = keys.increasing("cycles", 1);
      return steps == null ? List.of() : steps;
    }
    var cycles = keys.whole("cycles", 1, 1);
    if (cycles > numTrainSteps) {
      throw keys.expected(
          "cycles", String.format(Locale.ROOT, "no more than num_train_steps (%d)", numTrainSteps));
    }
    return IntStream.range(1, cycles)
        .mapToObj(i -> (int) ((double) numTrainSteps / cycles * i))
        .toList();
  }

  /**
   * The learning rate of each step.
   *
   * @throws UserException if the keys contradict each other or do not fit the number of steps
   */
  public LearningRateSchedule schedule(int numTrainSteps) {
    try {
      return new LearningRateSchedule(
          numTrainSteps, learningRate, lrSchedule, minLrRatio, warmup, decay, rewarmup, cycles);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("optimizer: %s.".formatted(e.getMessage()));
    }
  }

  /** The optimizer's constants. */
  public AdamW.Settings adamW() {
    return new AdamW.Settings(beta1, beta2, epsilon, weightDecay);
  }
}
