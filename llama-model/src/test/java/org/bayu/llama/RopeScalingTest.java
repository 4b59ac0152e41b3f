package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RopeScalingTest {
  /** Frequencies of Llama 3.1 8B as Transformers computes them in F32, with 24 bits. */
  @ParameterizedTest
  @CsvSource({
    "0, 1.0",
    "1, 0.8146172165870667",
    "28, 0.0032114461064338684",
    "29, 0.0021665706299245358",
    "30, 0.0013718936825171113",
    "32, 0.0005248460220173001",
    "34, 0.0001785077911335975",
    "35, 9.556212171446532e-05",
    "63, 3.068925877869333e-07"
  })
  void frequenciesOfLlama3AreTransformers(int pair, double expected) {
    var scaling = new RopeScaling.Llama3(8, 1, 4, 8192);
    // A few roundings in F32: between the bounds, a difference of nearly equal numbers over 3.
    assertEquals(expected, scaling.scale(Math.pow(500_000, -pair / 64.0)), expected * 1e-6);
  }

  @Test
  void linearScalingDividesEveryFrequency() {
    assertEquals(0.25, new RopeScaling.Linear(4).scale(1));
    assertEquals(0.125, new RopeScaling.Linear(4).scale(0.5));
  }

  @Test
  void defaultLeavesFrequenciesAlone() {
    assertEquals(0.3, new RopeScaling.Default().scale(0.3));
  }
}
