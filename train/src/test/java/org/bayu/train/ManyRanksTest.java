package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
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

  private static final Path TIED =
      Path.of("../llama-model/src/test/resources/golden/llama3-scaling");

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
   * A training of all weights.
   *
   * @param type of the weights
   * @param part which each rank has in F32 where it computes in BF16; whole for all of them
   * @param examples of a micro-batch
   */
  private record AllWeights(
      Path model,
      DType compute,
      DType type,
      @Nullable Shard part,
      GradientSums sums,
      int examples,
      int threads) {
    private AllWeights(DType compute) {
      this(MODEL, compute, DType.F32, null, GradientSums.PROCESSES, 1, 1);
    }

    private AllWeights of(Path other) {
      return new AllWeights(other, compute, type, part, sums, examples, threads);
    }

    private AllWeights withType(DType other) {
      return new AllWeights(model, compute, other, part, sums, examples, threads);
    }

    private AllWeights withPart(Shard other) {
      return new AllWeights(model, compute, type, other, sums, examples, threads);
    }

    private AllWeights byMicroBatch() {
      var order = GradientSums.MICRO_BATCHES;
      return new AllWeights(model, compute, type, part, order, examples, threads);
    }

    private AllWeights withExamples(int number) {
      return new AllWeights(model, compute, type, part, sums, number, threads);
    }

    private AllWeights withThreads(int number) {
      return new AllWeights(model, compute, type, part, sums, examples, number);
    }
  }

  /** Losses and norms of the steps, then the loss of an evaluation. */
  private static List<Double> train(Communicator ranks, int steps, DType compute, LoraConfig lora) {
    return train(ranks, steps, new AllWeights(compute), lora);
  }

  private static List<Double> train(Communicator ranks, int steps, AllWeights weights) {
    return train(ranks, steps, weights, null);
  }

  private static List<Double> train(
      Communicator ranks, int steps, AllWeights weights, @Nullable LoraConfig lora) {
    return train(ranks, steps, weights, lora, (_, _) -> {});
  }

  private static List<Double> train(
      Communicator ranks,
      int steps,
      AllWeights weights,
      @Nullable LoraConfig lora,
      TrainingStep.Listener listener) {
    var results = new ArrayList<Double>();
    var cut = new MicroBatches(LossMask.DEFAULT, 4096, weights.examples, Integer.MAX_VALUE);
    var settings =
        new TrainingStep.Settings(
            weights.compute, cut, 0, 1, 7, false, weights.sums == GradientSums.MICRO_BATCHES);
    try (var arena = Arena.ofShared();
        var checkpoint = HfCheckpoint.open(weights.model);
        var device = Devices.cpu(weights.threads)) {
      var batch = batch();
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var adapter = lora == null ? null : LoraAdapter.inject(model, lora, 3);
      if (adapter == null) {
        var own = new Shard(ranks.rank(), ranks.size());
        var part = weights.part == null ? own : weights.part;
        Adaptation.allWeights(weights.type).train(model, arena, part, weights.compute);
      }
      try (var state =
              new TrainState(model, adapter, device, ADAM_W, 0, ProcessGroups.of(ranks, 1));
          var step = new TrainingStep(state, device, settings, new Workspace())) {
        for (var i = 0; i < steps; i++) {
          var result = step.run(i, batch, lora == null ? 1e-3 : 1e-2, listener);
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
  @CsvSource({
    "2, BF16, 0, 1",
    "3, F32, 0.1, 2",
    "4, F32, 0.1, 1",
    "3, BF16, 0.1, 1",
    "4, BF16, 0.1, 2"
  })
  void theLossesOfAnAdapterHaveTheSameBitsForAnyNumberOfRanks(
      int size, DType compute, double dropout, int threads)
      throws InterruptedException, ExecutionException {
    var lora = lora(dropout);
    var alone = train(Communicators.alone(), 20, compute, lora);
    assertTrue(alone.getLast() < 0.9 * alone.getFirst(), "nothing was learned: " + alone);
    var weights = new AllWeights(compute).withThreads(threads);
    assertEquals(
        Collections.nCopies(size, alone),
        ThreadRanks.run(size, ranks -> train(ranks, 20, weights, lora)));
  }

  @Test
  void soHaveThoseOfAnAdapterOfTheHead() throws InterruptedException, ExecutionException {
    var targets = new LoraTargets.Names(List.of("v_proj", LoraTargets.HEAD));
    var head = new LoraConfig(4, 8, 0.1, targets, false);
    var alone = train(Communicators.alone(), 4, DType.F32, head);
    var weights = new AllWeights(DType.F32).withThreads(2);
    assertEquals(
        Collections.nCopies(2, alone), ThreadRanks.run(2, ranks -> train(ranks, 4, weights, head)));
  }

  @ParameterizedTest
  @CsvSource({"1", "2"})
  void ranksWithoutAMicroBatchTakePart(int threads)
      throws InterruptedException, ExecutionException {
    var alone = train(Communicators.alone(), 2, DType.F32, lora(0));
    var weights = new AllWeights(DType.F32).withThreads(threads);
    assertEquals(
        Collections.nCopies(13, alone),
        ThreadRanks.run(13, ranks -> train(ranks, 2, weights, lora(0))));
  }

  /**
   * How often a rank has begun to send when its micro-batches have been computed, but none waits
   * yet for what is sent.
   */
  private static List<Integer> sent(Communicator ranks, int threads) {
    var starts = new AtomicInteger();
    var counted =
        (Communicator)
            Proxy.newProxyInstance(
                Communicator.class.getClassLoader(),
                new Class<?>[] {Communicator.class},
                (_, method, arguments) -> {
                  if (method.getName().equals("start")) {
                    starts.incrementAndGet();
                  }
                  return method.invoke(ranks, arguments);
                });
    var sent = new ArrayList<Integer>();
    var weights = new AllWeights(DType.F32).withThreads(threads);
    train(counted, 1, weights, lora(0), (_, _) -> sent.add(starts.get()));
    return sent;
  }

  @Test
  void theGradientsOfAnAdapterAreSentWhileTheLastBackwardPassGoesOn()
      throws InterruptedException, ExecutionException {
    // Of nine micro-batches one rank has five. All 13 pieces are on their way before it waits.
    assertEquals(
        List.of(List.of(0, 0, 0, 0, 13), List.of(0, 0, 0, 13)),
        ThreadRanks.run(2, ranks -> sent(ranks, 2)));
    // With one thread each, computing would have to wait for it.
    assertEquals(
        List.of(List.of(0, 0, 0, 0, 0), List.of(0, 0, 0, 0)),
        ThreadRanks.run(2, ranks -> sent(ranks, 1)));
  }

  @Test
  void wholeGradientsInBf16AreRefused() throws InterruptedException, ExecutionException {
    var messages = ThreadRanks.run(2, ManyRanksTest::refusal);
    assertEquals(Collections.nCopies(2, "of BF16 gradients each process keeps its part"), messages);
  }

  private static String refusal(Communicator ranks) {
    var weights = new AllWeights(DType.BF16).withType(DType.BF16);
    return String.valueOf(
        assertThrows(IllegalArgumentException.class, () -> train(ranks, 1, weights)).getMessage());
  }

  @ParameterizedTest
  @CsvSource({
    "2, F32, F32, 1",
    "3, F32, F32, 2",
    "4, F32, F32, 1",
    "2, BF16, F32, 2",
    "3, BF16, F32, 1",
    "4, BF16, F32, 2",
    "2, BF16, BF16, 1",
    "3, BF16, BF16, 2"
  })
  void theLossesOfAllWeightsHaveTheSameBitsWhereMicroBatchesAreSummed(
      int size, DType compute, DType type, int threads)
      throws InterruptedException, ExecutionException {
    var weights = new AllWeights(compute).withType(type).byMicroBatch().withThreads(threads);
    var alone = train(Communicators.alone(), 20, weights);
    assertTrue(alone.getLast() < 0.9 * alone.getFirst(), "nothing was learned: " + alone);
    assertEquals(
        Collections.nCopies(size, alone),
        ThreadRanks.run(size, ranks -> train(ranks, 20, weights)));
  }

  @ParameterizedTest
  @CsvSource({"F32", "BF16"})
  void soHaveThoseOfATiedHead(DType type) throws InterruptedException, ExecutionException {
    var weights = new AllWeights(DType.BF16).of(TIED).withType(type).byMicroBatch();
    var alone = train(Communicators.alone(), 4, weights);
    assertEquals(
        Collections.nCopies(3, alone), ThreadRanks.run(3, ranks -> train(ranks, 4, weights)));
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
  void theLossesOfAllWeightsAreTheSameOnAllRanksAndNearlyThoseOfOneWhereRanksAreSummed(
      int size, DType compute) throws InterruptedException, ExecutionException {
    var weights = new AllWeights(compute);
    var alone = train(Communicators.alone(), 20, weights);
    assertTrue(alone.getLast() < 0.9 * alone.getFirst(), "nothing was learned: " + alone);
    var several = ThreadRanks.run(size, ranks -> train(ranks, 20, weights));
    var lossTolerance = compute == DType.F32 ? 1e-5 : 1e-2;
    var normTolerance = compute == DType.F32 ? 1e-5 : 0.1;
    assertNear(alone, several.getFirst(), lossTolerance, normTolerance);
    assertEquals(Collections.nCopies(size, several.getFirst()), several);
  }

  private static void assertNear(
      List<Double> expected, List<Double> actual, double lossTolerance, double normTolerance) {
    for (var i = 0; i < expected.size(); i++) {
      var tolerance = i % 2 == 0 ? lossTolerance : normTolerance;
      assertEquals(expected.get(i), actual.get(i), tolerance * expected.get(i), "number " + i);
    }
  }

  @Test
  void copiesInTheComputeTypeAndAPartInF32ChangeNoBit()
      throws InterruptedException, ExecutionException {
    var weights = new AllWeights(DType.BF16);
    var whole =
        ThreadRanks.run(3, ranks -> train(ranks, 4, weights.withPart(Shard.WHOLE))).getFirst();
    for (var rank : ThreadRanks.run(3, ranks -> train(ranks, 4, weights))) {
      assertEquals(whole, rank);
    }
  }

  @ParameterizedTest
  @CsvSource({"F32, F32", "BF16, F32", "BF16, BF16"})
  void ranksWithoutAMicroBatchAddNothingToTheParts(DType compute, DType type)
      throws InterruptedException, ExecutionException {
    var weights = new AllWeights(compute).withType(type).withExamples(100).byMicroBatch();
    var alone = train(Communicators.alone(), 3, weights);
    for (var rank : ThreadRanks.run(3, ranks -> train(ranks, 3, weights))) {
      assertEquals(alone, rank);
    }
  }

  @Test
  void ranksWithoutAMicroBatchTakePartInTheSumsOfAllWeights()
      throws InterruptedException, ExecutionException {
    var weights = new AllWeights(DType.F32);
    var alone = train(Communicators.alone(), 2, weights);
    for (var divided : List.of(weights, weights.byMicroBatch())) {
      for (var rank : ThreadRanks.run(13, ranks -> train(ranks, 2, divided))) {
        assertNear(alone, rank, 1e-5, 1e-5);
      }
    }
  }
}
