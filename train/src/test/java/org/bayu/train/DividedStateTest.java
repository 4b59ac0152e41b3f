package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.bayu.collectives.Communicator;
import org.bayu.collectives.Communicators;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.finetune.TinyRun;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The state of all weights, divided among several ranks. */
class DividedStateTest {
  private static final TrainSettings SETTINGS =
      TrainSettings.of(4, 5, 1e-3)
          .withMicroBatches(
              new TrainSettings.MicroBatchSettings(
                  1, 24, GradientCheckpointing.FALSE, true, GradientSums.MICRO_BATCHES));

  private static final List<String> FILES =
      List.of("parameters.safetensors", "first_moments.safetensors", "second_moments.safetensors");

  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void modelFolder() throws IOException {
    model = TinyRun.wideModel(folder.resolve("model"));
  }

  /**
   * Goes on from one checkpoint to another.
   *
   * @param from null to begin
   * @param steps to do at most
   * @param to takes a checkpoint
   * @return the losses
   */
  private List<Double> train(
      Communicator ranks, AdamW.Moments moments, @Nullable Path from, int steps, Path to) {
    return train(ranks, SETTINGS.withMoments(moments), from, steps, to);
  }

  private List<Double> train(
      Communicator ranks, TrainSettings settings, @Nullable Path from, int steps, Path to) {
    var losses = new ArrayList<Double>();
    try (var run = new TinyRun(model, Adaptation.allWeights(), settings, ranks)) {
      var state = run.tuning.state();
      if (from != null) {
        Checkpoint.open(from).load(state);
      }
      var trainer = run.tuning.trainer();
      trainer.listen(
          report -> {
            losses.add(report.loss());
            if (losses.size() == steps) {
              trainer.stop();
            }
          });
      if (steps > 0) {
        trainer.run();
      }
      if (ranks.rank() == 0) {
        Checkpoint.write(to, state, run.description(), true);
        run.tuning.save(saved(to));
      }
      state.proceed();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return losses;
  }

  /** The folder of the model as it is in a checkpoint. */
  private static Path saved(Path checkpoint) {
    return checkpoint.resolveSibling(checkpoint.getFileName() + "-saved");
  }

  @ParameterizedTest
  @EnumSource
  void aCheckpointOfThreeRanksIsThatOfTwoAndOfOne(AdamW.Moments moments)
      throws IOException, InterruptedException, ExecutionException {
    var three = folder.resolve("three");
    var two = folder.resolve("two");
    var one = folder.resolve("one");
    ThreadRanks.run(3, ranks -> train(ranks, moments, null, 2, three));
    ThreadRanks.run(2, ranks -> train(ranks, moments, three, 0, two));
    train(Communicators.alone(), moments, two, 0, one);
    for (var file : FILES) {
      assertEquals(-1, Files.mismatch(three.resolve(file), two.resolve(file)), file);
      assertEquals(-1, Files.mismatch(three.resolve(file), one.resolve(file)), file);
    }
  }

  /** The model's files are F32, so a save has more bits than the copies that are computed with. */
  @Test
  void checkpointsAndSavesHaveTheF32ValuesThatAreUpdated()
      throws IOException, InterruptedException, ExecutionException {
    var settings = SETTINGS.withCompute(DType.BF16);
    var three = folder.resolve("three");
    var two = folder.resolve("two");
    var one = folder.resolve("one");
    ThreadRanks.run(3, ranks -> train(ranks, settings, null, 2, three));
    ThreadRanks.run(2, ranks -> train(ranks, settings, three, 0, two));
    train(Communicators.alone(), settings, two, 0, one);
    for (var file : FILES) {
      assertEquals(-1, Files.mismatch(three.resolve(file), two.resolve(file)), file);
      assertEquals(-1, Files.mismatch(three.resolve(file), one.resolve(file)), file);
    }
    for (var run : List.of(three, two)) {
      var weights = "model.safetensors";
      assertEquals(
          -1, Files.mismatch(saved(run).resolve(weights), saved(one).resolve(weights)), "" + run);
    }
  }

  @Test
  void whatGoesOnFromACheckpointComputesWithItsWeights()
      throws InterruptedException, ExecutionException {
    var settings = SETTINGS.withCompute(DType.BF16);
    var first = folder.resolve("first");
    var whole =
        ThreadRanks.run(2, ranks -> train(ranks, settings, null, 4, folder.resolve("whole")))
            .getFirst();
    ThreadRanks.run(2, ranks -> train(ranks, settings, null, 2, first));
    var last =
        ThreadRanks.run(2, ranks -> train(ranks, settings, first, 2, folder.resolve("last")))
            .getFirst();
    assertEquals(whole.subList(2, 4), last);
  }

  @ParameterizedTest
  @EnumSource
  void aRunGoesOnWithAnotherNumberOfRanks(AdamW.Moments moments)
      throws InterruptedException, ExecutionException {
    var three = folder.resolve("three");
    var whole = train(Communicators.alone(), moments, null, 4, folder.resolve("whole"));
    var first = ThreadRanks.run(3, ranks -> train(ranks, moments, null, 2, three)).getFirst();
    var last =
        ThreadRanks.run(2, ranks -> train(ranks, moments, three, 2, folder.resolve("two")))
            .getFirst();
    assertEquals(whole.subList(0, 2), first);
    assertEquals(whole.subList(2, 4), last);
  }

  @Test
  void aStepCanBeGivenUpAndTheStateBeforeItWritten()
      throws IOException, InterruptedException, ExecutionException {
    var expected = folder.resolve("expected");
    ThreadRanks.run(3, ranks -> train(ranks, SETTINGS, null, 2, expected));
    var stopped = folder.resolve("stopped");
    ThreadRanks.run(3, ranks -> trainUntilStopped(ranks, stopped));
    for (var file : FILES) {
      assertEquals(-1, Files.mismatch(expected.resolve(file), stopped.resolve(file)), file);
    }
  }

  /** Gives the third step up after its first micro-batch, and writes a checkpoint. */
  private boolean trainUntilStopped(Communicator ranks, Path to) {
    try (var run = new TinyRun(model, Adaptation.allWeights(), SETTINGS, ranks);
        var thread = Executors.newSingleThreadExecutor()) {
      var state = run.tuning.state();
      var written = new AtomicReference<Future<?>>();
      run.tuning
          .trainer()
          .listen(
              new TrainListener() {
                @Override
                public void step(StepReport report) {}

                @Override
                public void microBatch(int done, int count) {
                  if (ranks.rank() == 0 && state.steps() == 2 && done == 1) {
                    written.set(thread.submit(() -> write(run, to)));
                  }
                }
              });
      assertThrows(StoppedException.class, run.tuning.trainer()::run);
      if (ranks.rank() == 0) {
        Objects.requireNonNull(written.get()).get();
      }
      state.proceed();
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException | ExecutionException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean write(TinyRun run, Path to) throws IOException {
    var state = run.tuning.state();
    assertTrue(state.stopStep(Duration.ofSeconds(10)));
    assertEquals(2, state.steps());
    Checkpoint.write(to, state, run.description(), true);
    return true;
  }

  @Test
  void aStepWithWholeGradientsCannotBeGivenUp() throws InterruptedException, ExecutionException {
    var settings =
        SETTINGS.withMicroBatches(
            new TrainSettings.MicroBatchSettings(
                1, 24, GradientCheckpointing.FALSE, true, GradientSums.PROCESSES));
    var stopped =
        ThreadRanks.run(
            2,
            ranks -> {
              try (var run = new TinyRun(model, Adaptation.allWeights(), settings, ranks)) {
                return run.tuning.state().stopStep(Duration.ofSeconds(10));
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    assertEquals(List.of(false, false), stopped);
  }

  @Test
  void aRankHoldsItsPartOfTheMoments() throws InterruptedException, ExecutionException {
    for (var moments : AdamW.Moments.values()) {
      var bytes =
          ThreadRanks.run(
              4,
              ranks -> {
                try (var run =
                    new TinyRun(
                        model, Adaptation.allWeights(), SETTINGS.withMoments(moments), ranks)) {
                  return run.tuning.state().optimizer().states().stream()
                      .mapToLong(AdamW.State::bytes)
                      .sum();
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
      var all = bytes.stream().mapToLong(each -> each).sum();
      // Small parameters are the first rank's.
      assertTrue(bytes.getFirst() < 0.3 * all, bytes + " of " + all);
    }
  }
}
