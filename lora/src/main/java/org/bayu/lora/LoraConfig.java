package org.bayu.lora;

import java.util.Locale;

/**
 * A low-rank adapter's settings. Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language
 * Models".
 *
 * @param rank rows of A, columns of B; r for short
 * @param alpha numerator of the scale
 * @param dropout probability with which an input of A is zero in training
 * @param targets which layers are adapted
 * @param rankStabilized whether the scale is alpha/√r in place of alpha/r (Kalajdzievski 2023, "A
 *     Rank Stabilization Scaling Factor for Fine-Tuning with LoRA"; PEFT's {@code use_rslora})
 */
public record LoraConfig(
    int rank, double alpha, double dropout, LoraTargets targets, boolean rankStabilized) {
  /** Rank 8, alpha 8, no dropout, every linear layer but the head. */
  public static final LoraConfig DEFAULT =
      new LoraConfig(8, 8, 0, new LoraTargets.AllLinears(), false);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public LoraConfig {
    if (rank < 1) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "the LoRA rank r is %d, less than 1", rank));
    }
    if (!(alpha > 0 && alpha <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException("the LoRA alpha is %s, not positive".formatted(alpha));
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException(
          "the LoRA dropout is %s, not between 0 and 1".formatted(dropout));
    }
  }

  /** The factor of B·A: alpha/r, or alpha/√r. */
  public float scale() {
    return (float) (alpha / (rankStabilized ? Math.sqrt(rank) : rank));
  }

  /** The same with another dropout. */
  public LoraConfig withDropout(double probability) {
    return new LoraConfig(rank, alpha, probability, targets, rankStabilized);
  }
}
