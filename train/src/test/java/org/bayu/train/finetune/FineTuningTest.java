package org.bayu.train.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.DType;
import org.bayu.tensor.device.Devices;
import org.bayu.train.Adaptation;
import org.bayu.train.StepReport;
import org.bayu.train.TrainSettings;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Fine-tuning as another program would: a folder, rows, settings and a listener. */
class FineTuningTest {
  private static final TrainSettings SETTINGS = TrainSettings.of(6, 4, 1e-2);

  @TempDir private Path temporary;
  private Path model;

  @BeforeEach
  void modelFolder() throws IOException {
    model = TinyRun.model(temporary.resolve("model"));
  }

  /** What came of a run. */
  private record Outcome(List<StepReport> reports, List<Float> trained) {
    List<Double> losses() {
      return reports.stream().map(StepReport::loss).toList();
    }
  }

  /** A whole run on a device of its own. */
  private Outcome run(Adaptation adaptation, TrainSettings settings, int threads)
      throws IOException {
    var reports = new ArrayList<StepReport>();
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(threads);
        var tuning = FineTuning.open(base, adaptation, TinyRun.rows(), null, settings, device)) {
      tuning.trainer().listen(reports::add);
      tuning.trainer().run();
      return new Outcome(reports, trained(tuning));
    }
  }

  private static List<Float> trained(FineTuning tuning) {
    var values = new ArrayList<Float>();
    for (var parameter : tuning.state().parameters()) {
      for (var i = 0L; i < parameter.value().elements(); i++) {
        values.add(parameter.value().data().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i));
      }
    }
    return values;
  }

  @Test
  void anAdapterAndAllWeightsLearn() throws IOException {
    for (var adaptation : List.of(TinyRun.lora(0), Adaptation.allWeights())) {
      var losses = run(adaptation, TrainSettings.of(20, 12, 1e-2), 1).losses();
      assertEquals(20, losses.size());
      assertTrue(losses.getLast() < 0.9 * losses.getFirst(), adaptation + ": " + losses);
    }
  }

  @Test
  void aListenerStopsTheRunAndTheModelIsKept() throws IOException {
    var adapter = temporary.resolve("adapter");
    int[] said;
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1);
        var tuning =
            FineTuning.open(base, TinyRun.lora(0), TinyRun.rows(), null, SETTINGS, device)) {
      var trainer = tuning.trainer();
      trainer.listen(
          report -> {
            if (report.step() == 2) {
              trainer.stop();
            }
          });
      trainer.run();
      assertEquals(3, tuning.state().steps());
      said = generate(tuning.model());
      tuning.save(adapter);
    }
    try (var base = ModelFolder.open(model);
        var loaded = PeftFormat.load(adapter, base.model())) {
      assertEquals(4, loaded.config().rank());
      assertArrayEquals(said, generate(base.model()));
    }
    assertThrows(IOException.class, () -> saveAgain(adapter));
  }

  private void saveAgain(Path taken) throws IOException {
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1);
        var tuning =
            FineTuning.open(base, TinyRun.lora(0), TinyRun.rows(), null, SETTINGS, device)) {
      tuning.save(taken);
    }
  }

  private static int[] generate(LlamaModel model) {
    try (var device = Devices.cpu(1)) {
      var generator = new Generator(model, device, DType.F32, IntSet.of());
      return generator
          .generate(List.of(new int[] {5, 17, 40}), 8, Sampling.GREEDY, (_, _) -> {})
          .getFirst()
          .toIntArray();
    }
  }

  @Test
  void aRunThatWasStoppedGoesOnToTheSameBits() throws IOException {
    for (var adaptation : List.of(TinyRun.lora(0.25), Adaptation.allWeights())) {
      var whole = run(adaptation, SETTINGS, 1);
      try (var base = ModelFolder.open(model);
          var device = Devices.cpu(2);
          var tuning = FineTuning.open(base, adaptation, TinyRun.rows(), null, SETTINGS, device)) {
        var trainer = tuning.trainer();
        trainer.listen(
            report -> {
              if (report.step() % 2 == 1) {
                trainer.stop();
              }
            });
        trainer.run();
        assertEquals(2, tuning.state().steps());
        trainer.run();
        assertEquals(4, tuning.state().steps());
        trainer.run();
        assertEquals(6, tuning.state().steps());
        assertEquals(whole.trained(), trained(tuning));
      }
    }
  }

  @Test
  void evaluationsComeAtEverySoManyStepsAndAtTheEnd() throws IOException {
    var evaluated = new ArrayList<Integer>();
    var parts = new ArrayList<String>();
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1);
        var tuning =
            FineTuning.open(
                base,
                TinyRun.lora(0),
                TinyRun.rows(),
                TinyRun.rows().first(5),
                TrainSettings.of(5, 4, 1e-2).withStepsPerEval(2),
                device)) {
      tuning
          .trainer()
          .listen(
              report -> {
                if (report.evalLoss() != null) {
                  evaluated.add(report.step());
                  parts.add(report.evalLoss() > 0 ? "loss" : "none");
                }
              });
      tuning.trainer().run();
      assertFalse(tuning.step().destroyedParameter().isPresent());
    }
    assertEquals(List.of(1, 3, 4), evaluated);
    assertEquals(List.of("loss", "loss", "loss"), parts);
  }

  @Test
  void runsOneAfterTheOtherAndAtOnceHaveTheSameBits() throws Exception {
    var alone = run(TinyRun.lora(0.25), SETTINGS, 1);
    var again = run(TinyRun.lora(0.25), SETTINGS, 2);
    assertEquals(alone.trained(), again.trained());
    assertEquals(alone.losses(), again.losses());
    var other = run(TinyRun.lora(0.25), SETTINGS.withSeed(1), 1);
    assertNotEquals(alone.losses(), other.losses());
    try (var threads = Executors.newFixedThreadPool(2)) {
      Callable<Outcome> first = () -> run(TinyRun.lora(0.25), SETTINGS, 1);
      Callable<Outcome> second = () -> run(TinyRun.lora(0.25), SETTINGS.withSeed(1), 1);
      var both = threads.invokeAll(List.of(first, second));
      assertEquals(alone.trained(), both.get(0).get().trained());
      assertEquals(other.trained(), both.get(1).get().trained());
    }
  }

  @Test
  void oneOpenFolderServesSeveralRuns() throws IOException {
    var alone = run(TinyRun.lora(0), SETTINGS, 1);
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1)) {
      for (var time = 0; time < 2; time++) {
        try (var tuning =
            FineTuning.open(base, TinyRun.lora(0), TinyRun.rows(), null, SETTINGS, device)) {
          tuning.trainer().run();
          assertEquals(alone.trained(), trained(tuning));
        }
      }
    }
  }

  @Test
  void aStoredAdapterIsGoneOnFrom() throws IOException {
    var adapter = temporary.resolve("adapter");
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1);
        var tuning =
            FineTuning.open(base, TinyRun.lora(0), TinyRun.rows(), null, SETTINGS, device)) {
      tuning.trainer().run();
      tuning.save(adapter);
    }
    var first = run(TinyRun.lora(0), SETTINGS, 1);
    var second = run(Adaptation.from(adapter), SETTINGS, 1);
    assertTrue(second.losses().getFirst() < first.losses().getFirst());
  }

  @Test
  void whatAListenerThrowsEndsTheRunAndTheStateIsThatOfTheStep() throws IOException {
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1);
        var tuning =
            FineTuning.open(base, TinyRun.lora(0), TinyRun.rows(), null, SETTINGS, device)) {
      tuning
          .trainer()
          .listen(
              _ -> {
                throw new UncheckedIOException(new IOException("disk"));
              });
      assertThrows(UncheckedIOException.class, tuning.trainer()::run);
      assertEquals(1, tuning.state().steps());
    }
  }

  @Test
  void allWeightsAreSavedAsAModelThatOpens() throws IOException {
    var saved = temporary.resolve("saved");
    int[] said;
    try (var base = ModelFolder.open(model);
        var device = Devices.cpu(1);
        var tuning =
            FineTuning.open(
                base, Adaptation.allWeights(), TinyRun.rows(), null, SETTINGS, device)) {
      tuning.trainer().run();
      tuning.save(saved);
      said = generate(tuning.model());
    }
    try (var again = ModelFolder.open(saved)) {
      assertArrayEquals(said, generate(again.model()));
    }
  }
}
