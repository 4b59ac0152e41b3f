package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.bayu.collectives.Communicator;
import org.bayu.collectives.Communicators;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.finetune.TinyRun;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Models that several ranks hold together. */
class ModelPartsTest {
  private static final int STEPS = 20;

  @TempDir private Path folder;
  private Path model;

  @BeforeEach
  void modelFolder() throws IOException {
    model = TinyRun.dividedModel(folder.resolve("model"));
  }

  private static TrainSettings settings(DType compute, GradientCheckpointing checkpointing) {
    return TrainSettings.of(STEPS, 5, 3e-3)
        .withCompute(compute)
        .withStepsPerEval(7)
        .withMicroBatches(
            new TrainSettings.MicroBatchSettings(
                1, 24, checkpointing, true, GradientSums.MICRO_BATCHES));
  }

  private static Adaptation adaptation(boolean isLora) {
    return isLora ? TinyRun.lora(0.1) : Adaptation.allWeights();
  }

  /** Losses of the steps and of evaluations, and norms of the gradients. */
  private record Numbers(List<Double> losses, List<Double> norms) {
    private Numbers() {
      this(new ArrayList<>(), new ArrayList<>());
    }

    private void add(StepReport report) {
      losses.add(report.loss());
      norms.add(report.result().gradientNorm());
      var evalLoss = report.evalLoss();
      if (evalLoss != null) {
        losses.add(evalLoss);
      }
    }
  }

  private Numbers train(
      Communicator ranks, int parts, Adaptation adaptation, TrainSettings settings) {
    var numbers = new Numbers();
    try (var run = new TinyRun(model, adaptation, settings, ProcessGroups.of(ranks, parts))) {
      run.tuning.trainer().listen(numbers::add);
      run.tuning.trainer().run();
      run.tuning.state().proceed();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return numbers;
  }

  private static void assertNear(List<Double> expected, List<Double> actual, double tolerance) {
    assertEquals(expected.size(), actual.size());
    for (var i = 0; i < expected.size(); i++) {
      assertEquals(expected.get(i), actual.get(i), tolerance * expected.get(i), "number " + i);
    }
  }

  /**
   * The parts' outputs are added in another order than within one product, which differs by the
   * rounding of F32. What becomes of that in 20 updates is not bounded by theory: 1e-5 is what is
   * asked for.
   */
  @ParameterizedTest
  @CsvSource({
    "2, 2, true, FALSE",
    "4, 4, true, TRUE",
    "4, 2, true, FALSE",
    "2, 2, false, TRUE",
    "4, 4, false, FALSE",
    "4, 2, false, FALSE"
  })
  void theLossesOfAModelInPartsAreTheSameOnAllRanksAndNearlyThoseOfOne(
      int size, int parts, boolean isLora, String checkpointing)
      throws InterruptedException, ExecutionException {
    var settings =
        settings(
            DType.F32,
            checkpointing.equals("TRUE")
                ? GradientCheckpointing.TRUE
                : GradientCheckpointing.FALSE);
    var adaptation = adaptation(isLora);
    var alone = ThreadRanks.run(1, ranks -> train(ranks, 1, adaptation, settings)).getFirst();
    var losses = alone.losses;
    assertTrue(losses.getLast() < 0.9 * losses.getFirst(), "nothing was learned: " + losses);
    var several = ThreadRanks.run(size, ranks -> train(ranks, parts, adaptation, settings));
    assertNear(losses, several.getFirst().losses, 1e-5);
    assertNear(alone.norms, several.getFirst().norms, 1e-5);
    assertEquals(Collections.nCopies(size, several.getFirst()), several);
  }

  /**
   * The parts' outputs are rounded to bf16 before they are added, so the sum can differ by 2^-8 of
   * it. What that makes of the numbers cannot be derived. One process that computes two rows at a
   * time differs by 1e-3 in a loss, and by 0.02 in a norm.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void inBFloat16TheLossesAreTheSameOnAllRanksAndNearThoseOfOne(boolean isLora)
      throws InterruptedException, ExecutionException {
    var settings = settings(DType.BF16, GradientCheckpointing.of(1, 2));
    var adaptation = adaptation(isLora);
    var alone = ThreadRanks.run(1, ranks -> train(ranks, 1, adaptation, settings)).getFirst();
    var several = ThreadRanks.run(4, ranks -> train(ranks, 2, adaptation, settings));
    assertNear(alone.losses, several.getFirst().losses, 5e-3);
    assertNear(alone.norms, several.getFirst().norms, 0.1);
    assertEquals(Collections.nCopies(4, several.getFirst()), several);
  }

  @Test
  void theLossesHaveTheSameBitsForAnyNumberOfGroups()
      throws InterruptedException, ExecutionException {
    var settings = settings(DType.BF16, GradientCheckpointing.of(1, 2));
    var adaptation = adaptation(false);
    var group = ThreadRanks.run(2, ranks -> train(ranks, 2, adaptation, settings)).getFirst();
    for (var rank : ThreadRanks.run(4, ranks -> train(ranks, 2, adaptation, settings))) {
      assertEquals(group, rank);
    }
  }

  /**
   * Goes on from one checkpoint to another, and saves what is trained.
   *
   * @param from null to begin
   * @param to takes a checkpoint and a save
   * @return the losses
   */
  private List<Double> train(
      Communicator ranks,
      int parts,
      Adaptation adaptation,
      @Nullable Path from,
      int steps,
      Path to) {
    var losses = new ArrayList<Double>();
    var settings = settings(DType.F32, GradientCheckpointing.FALSE);
    try (var run = new TinyRun(model, adaptation, settings, ProcessGroups.of(ranks, parts))) {
      var state = run.tuning.state();
      if (from != null) {
        Checkpoint.open(from.resolve("checkpoint")).load(state);
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
        Checkpoint.write(to.resolve("checkpoint"), state, run.description(), true);
        run.tuning.save(to.resolve("save"));
        run.saveMerged(to.resolve("merged"));
      }
      state.proceed();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return losses;
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".safetensors"))
          .map(folder::relativize)
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void checkpointsAndSavesAreThoseOfAWholeModel(boolean isLora)
      throws IOException, InterruptedException, ExecutionException {
    var adaptation = adaptation(isLora);
    var four = folder.resolve("four");
    var two = folder.resolve("two");
    var one = folder.resolve("one");
    ThreadRanks.run(4, ranks -> train(ranks, 4, adaptation, null, 2, four));
    ThreadRanks.run(4, ranks -> train(ranks, 2, adaptation, four, 0, two));
    train(Communicators.alone(), 1, adaptation, two, 0, one);
    assertEquals(isLora ? 5 : 4, files(four).size());
    for (var file : files(four)) {
      assertEquals(-1, Files.mismatch(four.resolve(file), two.resolve(file)), file.toString());
      assertEquals(-1, Files.mismatch(four.resolve(file), one.resolve(file)), file.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRunGoesOnWithAnotherNumberOfParts(boolean isLora)
      throws InterruptedException, ExecutionException {
    var adaptation = adaptation(isLora);
    var whole = train(Communicators.alone(), 1, adaptation, null, 4, folder.resolve("whole"));
    var four = folder.resolve("four");
    var two = folder.resolve("two");
    var losses = new ArrayList<Double>();
    losses.addAll(
        ThreadRanks.run(4, ranks -> train(ranks, 4, adaptation, null, 1, four)).getFirst());
    losses.addAll(
        ThreadRanks.run(4, ranks -> train(ranks, 2, adaptation, four, 2, two)).getFirst());
    losses.addAll(train(Communicators.alone(), 1, adaptation, two, 1, folder.resolve("one")));
    assertNear(whole, losses, 1e-5);
  }

  /** Of moments nobody says that they are finite. */
  @Test
  void aCheckpointIsRefusedIfAParameterOfAnotherPartIsNoNumber()
      throws InterruptedException, ExecutionException {
    var settings = settings(DType.F32, GradientCheckpointing.FALSE);
    var name = "model.layers.1.mlp.down_proj.lora_A.weight";
    var refusals =
        ThreadRanks.run(
            2,
            ranks -> {
              var groups = ProcessGroups.of(ranks, 2);
              try (var run = new TinyRun(model, TinyRun.lora(0), settings, groups)) {
                var state = run.tuning.state();
                var refused = "";
                if (ranks.rank() == 1) {
                  first(state.secondMoments(), name).setFloat(0, Float.POSITIVE_INFINITY);
                } else {
                  Checkpoint.write(folder.resolve("whole"), state, run.description(), true);
                }
                state.proceed();
                if (ranks.rank() == 1) {
                  first(state.parameterTensors(), name).setFloat(3, Float.NaN);
                } else {
                  refused =
                      String.valueOf(
                          assertThrows(
                                  NonFiniteTensorException.class,
                                  () ->
                                      Checkpoint.write(
                                          folder.resolve("bad"), state, run.description(), true))
                              .getMessage());
                }
                state.proceed();
                return refused;
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    assertEquals("tensor " + name + " holds NaN", refusals.getFirst());
  }

  private static Tensor first(List<StateTensor> tensors, String name) {
    return tensors.stream()
        .filter(tensor -> tensor.name().equals(name))
        .findFirst()
        .orElseThrow()
        .part();
  }

  @Test
  void theMomentsOfAModelInPartsAreF32() throws InterruptedException, ExecutionException {
    var settings =
        settings(DType.F32, GradientCheckpointing.FALSE).withMoments(AdamW.Moments.EIGHT_BIT);
    var messages =
        ThreadRanks.run(
            2,
            ranks ->
                String.valueOf(
                    assertThrows(
                            IllegalArgumentException.class,
                            () -> train(ranks, 2, Adaptation.allWeights(), settings))
                        .getMessage()));
    assertEquals(Collections.nCopies(2, "the moments of a model in parts are F32 only"), messages);
  }

  @Test
  void groupsAreOfNeighbouringRanks() throws InterruptedException, ExecutionException {
    var groups =
        ThreadRanks.run(
            4,
            ranks -> {
              var own = ProcessGroups.of(ranks, 2);
              return own.data().rank() + " " + own.model().rank() + " " + own.processes();
            });
    assertEquals(List.of("0 0 4", "0 1 4", "1 0 4", "1 1 4"), groups);
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> ProcessGroups.of(Communicators.alone(), 2));
    assertEquals("1 processes are no groups of 2", e.getMessage());
  }
}
