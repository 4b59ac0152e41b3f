package org.bayu.llama;

/**
 * How the frequencies of the rotary embedding are changed to reach positions beyond those of
 * pretraining. Transformers, {@code modeling_rope_utils.py}.
 */
public sealed interface RopeScaling {
  /**
   * The frequency to use in place of {@code frequency} = theta^(−2i/headDim), in radians a
   * position.
   */
  double scale(double frequency);

  /** The frequencies as they are. */
  record Default() implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency;
    }
  }

  /**
   * Position interpolation: frequency / factor. Chen et al. 2023, "Extending Context Window of
   * Large Language Models via Positional Interpolation".
   */
  record Linear(double factor) implements RopeScaling {
    @Override
    public double scale(double frequency) {
      return frequency / factor;
    }
  }

  /**
   * Llama 3.1's scaling. With w = 2π / frequency, the wavelength in positions, and n = {@code
   * originalMaxPositions}: frequency where w &lt; n / {@code highFreqFactor}, frequency / factor
   * where w &gt; n / {@code lowFreqFactor}, and between them the mean of both, weighted with how
   * far n / w is from {@code lowFreqFactor} to {@code highFreqFactor}.
   *
   * @param originalMaxPositions positions of pretraining
   */
  record Llama3(
      double factor, double lowFreqFactor, double highFreqFactor, int originalMaxPositions)
      implements RopeScaling {
    @Override
    public double scale(double frequency) {
      var periods = originalMaxPositions * frequency / (2 * Math.PI);
      var kept = Math.clamp((periods - lowFreqFactor) / (highFreqFactor - lowFreqFactor), 0.0, 1.0);
      return kept * frequency + (1 - kept) * frequency / factor;
    }
  }
}
