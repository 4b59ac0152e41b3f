package org.bayu.train.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bayu.tensor.DType;
import org.bayu.train.Adaptation;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.GradientSums;
import org.bayu.train.TrainSettings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Runs of a model of five blocks, of which none to all are computed again. */
class RecomputedBlocksTest {
  private static final int LAYERS = 5;

  @TempDir private Path temporary;
  private Path model;

  @BeforeEach
  void modelFolder() throws IOException {
    model = TinyRun.deepModel(temporary.resolve("model"));
  }

  record Case(String name, Adaptation adaptation, DType compute) {
    @Override
    public String toString() {
      return name + ", " + compute;
    }
  }

  static Stream<Case> cases() {
    return Stream.of(DType.F32, DType.BF16)
        .flatMap(
            compute ->
                Stream.of(
                    new Case("LoRA", TinyRun.lora(0), compute),
                    new Case("LoRA with dropout", TinyRun.lora(0.25), compute),
                    new Case("all weights", Adaptation.allWeights(), compute)));
  }

  /** The numbers of three steps and of their evaluations, and the last bits of the state. */
  private List<Object> outcome(Case c, int recomputed) throws IOException {
    var settings =
        TrainSettings.of(3, 12, 1e-2)
            .withStepsPerEval(1)
            .withCompute(c.compute)
            .withMicroBatches(
                new TrainSettings.MicroBatchSettings(
                    Integer.MAX_VALUE,
                    64,
                    new GradientCheckpointing(recomputed),
                    true,
                    GradientSums.PROCESSES));
    try (var run = new TinyRun(model, c.adaptation, settings, 2)) {
      var outcome = new ArrayList<Object>();
      run.tuning
          .trainer()
          .listen(
              report ->
                  outcome.add(
                      List.of(
                          report.loss(),
                          report.result().gradientNorm(),
                          String.valueOf(report.evalLoss()))));
      run.tuning.trainer().run();
      assertEquals(3, outcome.size());
      outcome.add(run.bits());
      return outcome;
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theBitsDoNotDependOnHowManyBlocksAreComputedAgain(Case c) throws IOException {
    var kept = outcome(c, 0);
    for (var recomputed = 1; recomputed <= LAYERS; recomputed++) {
      assertEquals(kept, outcome(c, recomputed), c + ": " + recomputed);
    }
  }
}
