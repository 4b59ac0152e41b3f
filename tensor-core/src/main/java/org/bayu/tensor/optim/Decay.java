package org.bayu.tensor.optim;

/**
 * How the learning rate falls. In the formulas c counts steps from the decay's first one, D is the
 * number of its steps, and min = rate · minRatio is the lowest rate.
 */
public sealed interface Decay {
  /** No decay. */
  record Constant() implements Decay {}

  /** Along a straight line: (rate − min) · (1 − c/D) + min. */
  record Linear() implements Decay {}

  /**
   * Along half a cosine: rate · ((1 − minRatio) · (½(1 + cos(π·c/D)))^exponent + minRatio).
   *
   * @param exponent above 0; 1 for the cosine itself
   */
  record Cosine(double exponent) implements Decay {}

  /** With the inverse of the step: max(rate / ((rate/min − 1) · max(c, 1)/D + 1), min). */
  record Inv() implements Decay {}

  /**
   * With the inverse of the step's root: max(rate · min(1, 1/√((c + warm-up) / timescale)), min).
   *
   * @param timescale steps, warm-up included, after which the rate begins to fall; above 0
   */
  record InvSqrt(double timescale) implements Decay {}

  /**
   * With a power of the tokens seen (Shen et al. 2024): min(rate, batchSize · a · (c · batchSize ·
   * seqLength)^b). It has no lowest rate.
   *
   * @param batchSize examples of a step
   * @param seqLength tokens of an example
   * @param a above 0
   * @param b below 0
   */
  record Power(int batchSize, int seqLength, double a, double b) implements Decay {}

  /**
   * The rate of a step of the decay.
   *
   * @param rate the highest rate
   * @param warmup steps of the warm-up before the decay
   * @param steps of the decay
   * @param count steps of the decay before this one
   */
  default double rate(double rate, double minRatio, int warmup, int steps, int count) {
    var min = rate * minRatio;
    return switch (this) {
      case Constant() -> rate;
      case Linear() -> LearningRateSchedule.linear(rate, min, steps, count);
      case Cosine(var exponent) -> {
        var cosine = 0.5 * (1 + Math.cos(Math.PI * Math.min(count, steps) / steps));
        yield rate * ((1 - minRatio) * Math.pow(cosine, exponent) + minRatio);
      }
      case Inv() -> Math.max(rate / ((1 / minRatio - 1) * Math.max(count, 1) / steps + 1), min);
      case InvSqrt(var timescale) -> {
        var root = Math.sqrt(Math.max(count + warmup, 1) / timescale);
        yield Math.max(rate * Math.min(1, 1 / root), min);
      }
      case Power(var batchSize, var seqLength, var a, var b) -> {
        var tokens = (double) count * batchSize * seqLength;
        yield Math.min(rate, batchSize * a * Math.pow(tokens, b));
      }
    };
  }
}
