package org.bayu.llama.generate;

import it.unimi.dsi.fastutil.ints.IntArrays;
import java.util.SplittableRandom;
import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.Tensor;

/**
 * How the next token is chosen from its logits.
 *
 * @param temperature the divisor of the logits; 0 for always the most likely token
 * @param topP only the most likely tokens that together reach this probability are drawn, in (0,
 *     1]: Holtzman et al. 2019, "The Curious Case of Neural Text Degeneration"
 * @param seed of the random draws
 */
public record Sampling(double temperature, double topP, long seed) {
  /** Always the most likely token. */
  public static final Sampling GREEDY = new Sampling(0, 1, 0);

  /** Checks the ranges. */
  public Sampling {
    if (!(temperature >= 0) || Double.isInfinite(temperature)) {
      throw new IllegalArgumentException("temperature must be 0 or more, not " + temperature);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new IllegalArgumentException("top_p must be in (0, 1], not " + topP);
    }
  }

  /** The choices for one sequence; {@code sequence} numbers it. */
  Sampler sampler(int sequence) {
    // Mixed: SplittableRandom steps by GAMMA, so multiples of it would be one sequence, shifted.
    return new Sampler(new SplittableRandom(SplitMix64.mix(seed + SplitMix64.mix(sequence))));
  }

  /** Chooses for one sequence, token after token. */
  final class Sampler {
    private final SplittableRandom random;

    private Sampler(SplittableRandom random) {
      this.random = random;
    }

    /** A token, given the logits [1, V] and the most likely one. */
    int choose(Tensor logits, int mostLikely) {
      return temperature == 0 ? mostLikely : draw(logits.toFloats(), logits.getFloat(mostLikely));
    }

    private int draw(float[] logits, float max) {
      var weights = new double[logits.length];
      var order = new int[logits.length];
      var total = 0.0;
      for (var i = 0; i < logits.length; i++) {
        weights[i] = Math.exp((logits[i] - max) / temperature);
        total += weights[i];
        order[i] = i;
      }
      IntArrays.stableSort(order, (a, b) -> Double.compare(weights[b], weights[a]));
      var kept = 0;
      var keptTotal = 0.0;
      while (kept < order.length && keptTotal < topP * total) {
        keptTotal += weights[order[kept++]];
      }
      var point = random.nextDouble() * keptTotal;
      for (var i = 0; i < kept; i++) {
        point -= weights[order[i]];
        if (point < 0) {
          return order[i];
        }
      }
      return order[kept - 1];
    }
  }
}
