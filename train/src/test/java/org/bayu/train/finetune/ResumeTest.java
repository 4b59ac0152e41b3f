package org.bayu.train.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.Adaptation;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.GradientSums;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.TrainSettings;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.checkpoint.CheckpointPolicy;
import org.bayu.train.checkpoint.Checkpointer;
import org.bayu.train.checkpoint.Checkpoints;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A run that goes on from a checkpoint ends with the bits of the run that was never interrupted.
 */
class ResumeTest {
  private static final int STEPS = 14;

  /** 14 steps of 5 rows are almost six epochs of 12 rows, and most epochs end within a step. */
  private static final TrainSettings SETTINGS =
      TrainSettings.of(STEPS, 5, 1e-2)
          .withStepsPerEval(3)
          .withMicroBatches(microBatches(GradientCheckpointing.AUTO));

  private static TrainSettings.MicroBatchSettings microBatches(
      GradientCheckpointing checkpointing) {
    return new TrainSettings.MicroBatchSettings(2, 24, checkpointing, true, GradientSums.PROCESSES);
  }

  private static final CheckpointPolicy EVERY_STEP =
      new CheckpointPolicy(Duration.ofDays(1), List.of(new CheckpointPolicy.Keep(1, null)));

  @TempDir private Path temporary;
  private Path model;

  @BeforeEach
  void modelFolder() throws IOException {
    model = TinyRun.model(temporary.resolve("model"));
  }

  /** What came of a run: its losses by step, and its last bits. */
  private record Outcome(Map<Integer, List<Object>> reports, List<Integer> bits) {}

  private static List<Object> numbers(StepReport report) {
    return Arrays.asList(
        report.loss(),
        report.evalLoss(),
        report.result().gradientNorm(),
        report.learningRate(),
        report.progress().tokens());
  }

  private Outcome run(
      Adaptation adaptation,
      TrainSettings settings,
      int threads,
      Checkpoints into,
      @Nullable Path from)
      throws IOException {
    var reports = new LinkedHashMap<Integer, List<Object>>();
    try (var run = new TinyRun(model, adaptation, settings, threads)) {
      var tuning = run.tuning;
      if (from != null) {
        Checkpoint.open(from).load(tuning.state());
      }
      tuning.trainer().listen(report -> reports.put(report.step(), numbers(report)));
      tuning
          .trainer()
          .listen(
              new Checkpointer(
                  into,
                  tuning.state(),
                  run.description(),
                  EVERY_STEP,
                  null,
                  new Checkpointer.Surroundings(line -> {})));
      tuning.trainer().run();
      return new Outcome(reports, run.bits());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "lora",
        "lora with dropout",
        "all weights",
        "bf16",
        "8-bit moments",
        "bf16 weights"
      })
  void goesOnFromEveryStepToTheSameBits(String kind) throws IOException {
    var adaptation =
        switch (kind) {
          case "lora" -> TinyRun.lora(0);
          case "all weights", "8-bit moments" -> Adaptation.allWeights();
          case "bf16 weights" -> Adaptation.allWeights(DType.BF16);
          default -> TinyRun.lora(0.25);
        };
    var settings =
        switch (kind) {
          case "bf16" -> SETTINGS.withCompute(DType.BF16);
          case "8-bit moments", "bf16 weights" -> SETTINGS.withMoments(AdamW.Moments.EIGHT_BIT);
          default -> SETTINGS;
        };
    if (kind.equals("8-bit moments") || kind.equals("bf16 weights")) {
      model = TinyRun.wideModel(temporary.resolve("wide"));
    }
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    var whole = run(adaptation, settings, 1, checkpoints, null);
    assertEquals(STEPS, whole.reports.size());
    for (var done = 1; done < STEPS; done++) {
      var from = checkpoints.path(done);
      var threads = 1 + done % 2;
      // The model has two blocks. How many of them are computed again may change too.
      var checkpointing = new GradientCheckpointing(done % 3);
      var rest =
          run(
              adaptation,
              settings.withMicroBatches(microBatches(checkpointing)),
              threads,
              new Checkpoints(temporary.resolve("again")),
              from);
      assertEquals(whole.bits, rest.bits, kind + " from step " + done);
      var expected = new LinkedHashMap<>(whole.reports);
      var first = done;
      expected.keySet().removeIf(step -> step < first);
      assertEquals(expected, rest.reports, kind + " from step " + done);
    }
  }

  /** The first moment of a parameter without a gradient is zero, and the second one too. */
  @Test
  void momentsAreThoseOfTheRunAndNotZero() throws IOException {
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    run(TinyRun.lora(0), SETTINGS, 1, checkpoints, null);
    try (var run = new TinyRun(model, TinyRun.lora(0), SETTINGS, 1)) {
      var state = run.tuning.state();
      Checkpoint.open(checkpoints.path(3)).load(state);
      assertEquals(3, state.optimizer().steps());
      for (var each : state.optimizer().states()) {
        var nonZero = 0;
        for (var i = 0L; i < each.v().elements(); i++) {
          nonZero += each.m().getFloat(i) != 0 && each.v().getFloat(i) > 0 ? 1 : 0;
        }
        assertTrue(nonZero > 0, each.parameter().name());
      }
    }
  }

  /**
   * A checkpoint that is written during the evaluation after a step, as by a signal, goes on with
   * that evaluation: the step's numbers come once, and are the same.
   */
  @Test
  void anEvaluationThatWasInterruptedIsMadeAgain() throws Exception {
    var whole =
        run(TinyRun.lora(0), SETTINGS, 1, new Checkpoints(temporary.resolve("whole")), null);
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    var written = new AtomicBoolean();
    var before = new ArrayList<Integer>();
    try (var run = new TinyRun(model, TinyRun.lora(0), SETTINGS, 1)) {
      var tuning = run.tuning;
      var description = run.description();
      tuning
          .trainer()
          .listen(
              new TrainListener() {
                @Override
                public void evaluated(int done, int count) {
                  if (tuning.state().steps() == 6 && !written.getAndSet(true)) {
                    try {
                      Checkpoint.write(checkpoints.path(6), tuning.state(), description, false);
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                    tuning.trainer().stop();
                  }
                }

                @Override
                public void step(StepReport report) {
                  before.add(report.step());
                }
              });
      tuning.trainer().run();
    }
    var progress = Checkpoint.open(checkpoints.path(6)).info().progress();
    assertEquals(6, progress.steps());
    assertEquals(5, progress.reportedSteps());
    var rest =
        run(
            TinyRun.lora(0),
            SETTINGS,
            1,
            new Checkpoints(temporary.resolve("again")),
            checkpoints.path(6));
    assertEquals(whole.bits, rest.bits);
    assertEquals(whole.reports.get(5), rest.reports.get(5));
    assertEquals(List.of(0, 1, 2, 3, 4, 5), before);
    assertEquals(STEPS - 5, rest.reports.size());
  }

  /** Once frozen, no update is made: what another thread then writes is a whole step's state. */
  @Test
  void aFrozenStateStaysAsItIs() throws Exception {
    var whole =
        run(Adaptation.allWeights(), SETTINGS, 1, new Checkpoints(temporary.resolve("w")), null);
    for (var moment = 0; moment < 6; moment++) {
      var checkpoints = new Checkpoints(temporary.resolve("frozen-" + moment));
      var run = new TinyRun(model, Adaptation.allWeights(), SETTINGS, 1);
      var tuning = run.tuning;
      var checkpointer =
          new Checkpointer(
              checkpoints,
              tuning.state(),
              run.description(),
              CheckpointPolicy.DEFAULT,
              null,
              new Checkpointer.Surroundings(line -> {}));
      var trains =
          Thread.ofPlatform()
              .daemon()
              .start(
                  () -> {
                    try {
                      tuning.trainer().run();
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      while (tuning.state().steps() < 1 + 2 * moment) {
        Thread.onSpinWait();
      }
      tuning.state().freeze();
      var path = checkpointer.writeInTime(Duration.ofSeconds(20)).orElseThrow();
      trains.join(50); // it waits for its next update for ever, and its memory stays
      assertEquals(Checkpoints.steps(path), tuning.state().steps());
      var again = new Checkpoints(temporary.resolve("again"));
      assertEquals(whole.bits, run(Adaptation.allWeights(), SETTINGS, 1, again, path).bits);
    }
  }

  /** Codes and their absmax stand in the file as they are in memory. */
  @Test
  void aCheckpointHoldsMomentsInEightBitsAsTheyAre() throws IOException {
    model = TinyRun.wideModel(temporary.resolve("wide"));
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    var settings = SETTINGS.withMoments(AdamW.Moments.EIGHT_BIT);
    run(Adaptation.allWeights(), settings, 1, checkpoints, null);
    var folder = checkpoints.path(2);
    for (var file : List.of("first_moments.safetensors", "second_moments.safetensors")) {
      try (var moments = SafetensorsFile.open(folder.resolve(file))) {
        var embedding = moments.entry("model.embed_tokens.weight");
        assertEquals("U8", embedding.dtypeName());
        var absmax = moments.entry("model.embed_tokens.weight.absmax");
        assertEquals("F32", absmax.dtypeName());
        assertEquals((embedding.shape().elements() + 255) / 256, absmax.shape().elements());
        assertEquals("F32", moments.entry("model.norm.weight").dtypeName());
      }
    }
    try (var run = new TinyRun(model, Adaptation.allWeights(), settings, 1);
        var f32 = new TinyRun(model, Adaptation.allWeights(), SETTINGS, 1)) {
      var least = 0L;
      for (var name : List.of("parameters", "first_moments", "second_moments")) {
        least += Files.size(folder.resolve(name + ".safetensors"));
      }
      var bytes = Checkpoint.bytes(run.tuning.state());
      assertTrue(least < bytes && bytes < Checkpoint.bytes(f32.tuning.state()));
      var other =
          assertThrows(IOException.class, () -> Checkpoint.open(folder).load(f32.tuning.state()));
      assertTrue(String.valueOf(other.getMessage()).contains("other parameters"));
    }
  }

  @Test
  void aCheckpointOfOtherParametersIsRefused() throws IOException {
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    run(TinyRun.lora(0), SETTINGS, 1, checkpoints, null);
    try (var run = new TinyRun(model, Adaptation.allWeights(), SETTINGS, 1)) {
      var checkpoint = Checkpoint.open(checkpoints.path(2));
      var refused = assertThrows(IOException.class, () -> checkpoint.load(run.tuning.state()));
      var message = String.valueOf(refused.getMessage());
      assertTrue(
          message.contains("holds other parameters than are trained: model.embed_tokens.weight"),
          message);
    }
  }

  @Test
  void aCheckpointOfAnotherRankIsRefusedByTheShapes() throws IOException {
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    run(TinyRun.lora(0), SETTINGS, 1, checkpoints, null);
    var wider =
        Adaptation.lora(new LoraConfig(6, 8, 0, new LoraTargets.Names(List.of("q_proj")), false));
    try (var run = new TinyRun(model, wider, SETTINGS, 1)) {
      var checkpoint = Checkpoint.open(checkpoints.path(2));
      var refused = assertThrows(IOException.class, () -> checkpoint.load(run.tuning.state()));
      var message = String.valueOf(refused.getMessage());
      assertTrue(
          message.matches(
              ".*: model\\.layers\\.0\\.self_attn\\.q_proj\\.lora_A\\.weight is F32 \\[4, (\\d+)],"
                  + " not F32 \\[6, \\1]; .*"),
          message);
    }
  }
}
