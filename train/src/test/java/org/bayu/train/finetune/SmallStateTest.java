package org.bayu.train.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.Adaptation;
import org.bayu.train.TrainSettings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** All weights trained with a small optimizer state, beside F32. */
class SmallStateTest {
  private static final TrainSettings SETTINGS = TrainSettings.of(30, 4, 3e-3);

  @TempDir private Path temporary;
  private Path model;

  @BeforeEach
  void modelFolder() throws IOException {
    model = TinyRun.wideModel(temporary.resolve("model"));
  }

  /** The losses of the steps, and the one after the last. */
  private double[] losses(DType weights, TrainSettings settings) throws IOException {
    var losses = new double[settings.steps() + 1];
    try (var run = new TinyRun(model, Adaptation.allWeights(weights), settings, 1)) {
      run.tuning
          .trainer()
          .listen(
              report -> {
                losses[report.step()] = report.loss();
                var last = report.evalLoss();
                if (last != null) {
                  losses[settings.steps()] = last;
                }
              });
      run.tuning.trainer().run();
    }
    return losses;
  }

  /**
   * Twelve rows are learned by heart, from a loss near log(vocabulary) to a small part of it. On
   * the way the losses stay within 2 % of the first loss of those with moments in F32.
   */
  @Test
  void momentsInEightBitsTrainAsThoseInF32() throws IOException {
    var f32 = losses(DType.F32, SETTINGS);
    var eight = losses(DType.F32, SETTINGS.withMoments(AdamW.Moments.EIGHT_BIT));
    assertTrue(f32[SETTINGS.steps()] < f32[0] / 2, "it learns: " + f32[SETTINGS.steps()]);
    for (var step = 0; step < f32.length; step++) {
      assertEquals(f32[step], eight[step], 0.02 * f32[0], "step " + step);
    }
  }

  /**
   * Weights and gradients in bf16 too. A bf16 number has 8 bits, so a weight is wrong by up to 2⁻⁸
   * of itself, at random; the losses stay within 5 % of the first loss of those in F32.
   */
  @Test
  void weightsInBFloat16TrainAsThoseInF32() throws IOException {
    var f32 = losses(DType.F32, SETTINGS);
    var small = losses(DType.BF16, SETTINGS.withMoments(AdamW.Moments.EIGHT_BIT));
    for (var step = 0; step < f32.length; step++) {
      assertEquals(f32[step], small[step], 0.05 * f32[0], "step " + step);
    }
  }
}
