package org.bayu.lora;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A low-rank adapter's settings. Hu et al. 2021, "LoRA: Low-Rank Adaptation of Large Language
 * Models".
 *
 * @param rank r: the rows of A and the columns of B
 * @param alpha the numerator of the scale alpha/r
 * @param dropout probability with which an input of A is zero in training
 * @param targets which layers are adapted
 * @param rankStabilized whether the scale is alpha/√r instead of alpha/r (Kalajdzievski 2023, "A
 *     Rank Stabilization Scaling Factor for Fine-Tuning with LoRA"; PEFT's {@code use_rslora})
 * @param rankPattern other ranks for some layers, by regular expression. An expression applies to a
 *     layer if it matches the layer's path, or the end of the path after a dot. The first match
 *     counts
 * @param alphaPattern other alphas for some layers, in the same way
 */
public record LoraConfig(
    int rank,
    double alpha,
    double dropout,
    LoraTargets targets,
    boolean rankStabilized,
    Map<String, Integer> rankPattern,
    Map<String, Double> alphaPattern) {
  /** Rank 8, alpha 8, no dropout, every linear layer except the head. */
  public static final LoraConfig DEFAULT =
      new LoraConfig(8, 8, 0, new LoraTargets.AllLinears(), false);

  /**
   * Checks the numbers.
   *
   * @throws IllegalArgumentException if one is out of its range
   */
  public LoraConfig {
    checkRank(rank);
    checkAlpha(alpha);
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException(
          "the LoRA dropout is %s, not between 0 and 1".formatted(dropout));
    }
    rankPattern = Collections.unmodifiableMap(new LinkedHashMap<>(rankPattern));
    alphaPattern = Collections.unmodifiableMap(new LinkedHashMap<>(alphaPattern));
    rankPattern.values().forEach(LoraConfig::checkRank);
    alphaPattern.values().forEach(LoraConfig::checkAlpha);
    rankPattern.keySet().forEach(key -> PythonPattern.of("rank_pattern", key, key));
    alphaPattern.keySet().forEach(key -> PythonPattern.of("alpha_pattern", key, key));
  }

  /** Settings that are the same for every layer. */
  public LoraConfig(
      int rank, double alpha, double dropout, LoraTargets targets, boolean rankStabilized) {
    this(rank, alpha, dropout, targets, rankStabilized, Map.of(), Map.of());
  }

  private static void checkRank(int rank) {
    if (rank < 1) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "the LoRA rank r is %d, less than 1", rank));
    }
  }

  private static void checkAlpha(double alpha) {
    if (!(alpha > 0 && alpha <= Float.MAX_VALUE)) {
      throw new IllegalArgumentException("the LoRA alpha is %s, not positive".formatted(alpha));
    }
  }

  /** The rank of the layer at this path. */
  public int rank(String path) {
    return value("rank_pattern", rankPattern, path, rank);
  }

  /**
   * The factor of B·A in the layer at this path: alpha/r or alpha/√r, with that layer's alpha and
   * r.
   */
  public float scale(String path) {
    var ownAlpha = value("alpha_pattern", alphaPattern, path, alpha);
    var ownRank = rank(path);
    return (float) (ownAlpha / (rankStabilized ? Math.sqrt(ownRank) : ownRank));
  }

  private static <T> T value(String setting, Map<String, T> byPattern, String path, T otherwise) {
    for (var entry : byPattern.entrySet()) {
      if (pattern(setting, entry.getKey()).matches(path)) {
        return entry.getValue();
      }
    }
    return otherwise;
  }

  private static PythonPattern pattern(String setting, String end) {
    return PythonPattern.of(setting, "(?:.*\\.)?(?:" + end + ")", end);
  }

  /** The same with another dropout. */
  public LoraConfig withDropout(double probability) {
    return new LoraConfig(
        rank, alpha, probability, targets, rankStabilized, rankPattern, alphaPattern);
  }

  /** The same for other layers. */
  LoraConfig withTargets(LoraTargets others) {
    return new LoraConfig(rank, alpha, dropout, others, rankStabilized, rankPattern, alphaPattern);
  }
}
