package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.bayu.collectives.Communicator;
import org.bayu.collectives.Communicators;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Training by several ranks. */
class ManyRanksTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/training");
  private static final Path MODEL = Path.of("../llama-model/src/test/resources/golden/llama2");

  private static final AdamW.Settings ADAM_W = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);

  private static List<TokenizedExample> batch() throws IOException {
    var batch = new ArrayList<TokenizedExample>();
    var json = new ObjectMapper().readTree(GOLDEN.resolve("batch.json").toFile());
    for (var example : json.get("examples")) {
      var tokens = new IntArrayList();
      example.get("tokens").forEach(token -> tokens.add(token.intValue()));
      batch.add(new TokenizedExample(tokens, example.get("sourceLength").intValue()));
    }
    batch.addAll(List.copyOf(batch).subList(0, 3));
    return batch;
  }

  private static LoraConfig lora(double dropout) {
    return new LoraConfig(4, 8, dropout, new LoraTargets.AllLinears(), false);
  }

  /**
   * Losses and norms of the steps, then the loss of an evaluation.
   *
   * @param lora null to train all weights
   */
  private static List<Double> train(
      Communicator ranks, int steps, DType compute, @Nullable LoraConfig lora) {
    return train(ranks, steps, compute, lora, new Shard(ranks.rank(), ranks.size()));
  }

  /**
   * The same.
   *
   * @param part of the weights in F32; whole for all of them
   */
  private static List<Double> train(
      Communicator ranks, int steps, DType compute, @Nullable LoraConfig lora, Shard part) {
    var results = new ArrayList<Double>();
    var cut = new MicroBatches(LossMask.DEFAULT, 4096, 1, Integer.MAX_VALUE);
    var settings = new TrainingStep.Settings(compute, cut, 0, 1.0, 7, false);
    try (var arena = Arena.ofShared();
        var checkpoint = HfCheckpoint.open(MODEL);
        var device = Devices.cpu(1)) {
      var batch = batch();
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var adapter = lora == null ? null : LoraAdapter.inject(model, lora, 3);
      if (adapter == null) {
        Adaptation.allWeights().train(model, arena, part, compute);
      }
      try (var state =
              new TrainState(model, adapter, device, ADAM_W, 0, ProcessGroups.of(ranks, 1));
          var step = new TrainingStep(state, device, settings, new Workspace())) {
        for (var i = 0; i < steps; i++) {
          var result = step.run(i, batch, lora == null ? 1e-3 : 1e-2, (_, _) -> {});
          results.add(result.loss());
          results.add(result.gradientNorm());
        }
        results.add(step.evaluate(batch, (_, _) -> {}));
      }
      return results;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, BF16, 0", "3, F32, 0.1", "4, F32, 0.1"})
  void theLossesOfAnAdapterHaveTheSameBitsForAnyNumberOfRanks(
      int size, DType compute, double dropout) throws InterruptedException, ExecutionException {
    var alone = train(Communicators.alone(), 4, compute, lora(dropout));
    for (var rank : ThreadRanks.run(size, ranks -> train(ranks, 4, compute, lora(dropout)))) {
      assertEquals(alone, rank);
    }
  }

  @Test
  void ranksWithoutAMicroBatchTakePart() throws InterruptedException, ExecutionException {
    var alone = train(Communicators.alone(), 2, DType.F32, lora(0));
    for (var rank : ThreadRanks.run(13, ranks -> train(ranks, 2, DType.F32, lora(0)))) {
      assertEquals(alone, rank);
    }
  }

  @Test
  void bfloat16WeightsAreTrainedByOneProcessOnly() throws InterruptedException, ExecutionException {
    var messages = ThreadRanks.run(2, ManyRanksTest::refusal);
    assertEquals(Collections.nCopies(2, "several processes add F32 gradients only"), messages);
  }

  private static String refusal(Communicator ranks) {
    var cut = new MicroBatches(LossMask.DEFAULT, 4096, 1, Integer.MAX_VALUE);
    var settings = new TrainingStep.Settings(DType.BF16, cut, 0, 1.0, 7, false);
    try (var arena = Arena.ofConfined();
        var checkpoint = HfCheckpoint.open(MODEL);
        var device = Devices.cpu(1)) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      model.parameters().forEach(parameter -> parameter.train(arena, DType.BF16));
      try (var state = new TrainState(model, null, device, ADAM_W, 0, ProcessGroups.of(ranks, 1))) {
        var workspace = new Workspace();
        return String.valueOf(
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new TrainingStep(state, device, settings, workspace))
                .getMessage());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Sums of gradients in another order differ by the rounding of F32. What becomes of that in 20
   * updates is not bounded by theory: in F32 1e-5 is what is asked for. Where bf16 is computed
   * with, a weight that differs in its last bit can be rounded to another bf16 number, 2^-8 of it
   * apart: one process that is given the same rows in another order differs by up to 2.4e-3 in a
   * loss here, and by 0.04 in a norm.
   */
  @ParameterizedTest
  @CsvSource({"2, F32", "3, BF16", "4, F32", "4, BF16"})
  void theLossesOfAllWeightsAreTheSameOnAllRanksAndNearlyThoseOfOne(int size, DType compute)
      throws InterruptedException, ExecutionException {
    var alone = train(Communicators.alone(), 20, compute, null);
    assertTrue(alone.getLast() < 0.9 * alone.getFirst(), "nothing was learned: " + alone);
    var several = ThreadRanks.run(size, ranks -> train(ranks, 20, compute, null));
    for (var i = 0; i < alone.size(); i++) {
      var isLoss = i % 2 == 0;
      var tolerance = compute == DType.F32 ? 1e-5 : isLoss ? 1e-2 : 0.1;
      var expected = alone.get(i);
      assertEquals(expected, several.getFirst().get(i), tolerance * expected, "number " + i);
    }
    assertEquals(Collections.nCopies(size, several.getFirst()), several);
  }

  @Test
  void copiesInTheComputeTypeAndAPartInF32ChangeNoBit()
      throws InterruptedException, ExecutionException {
    var whole =
        ThreadRanks.run(3, ranks -> train(ranks, 4, DType.BF16, null, Shard.WHOLE)).getFirst();
    for (var rank : ThreadRanks.run(3, ranks -> train(ranks, 4, DType.BF16, null))) {
      assertEquals(whole, rank);
    }
  }
}
