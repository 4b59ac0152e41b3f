package org.bayu.train.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Shard;
import org.bayu.train.Adaptation;
import org.bayu.train.BatchSizes;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.GradientSums;
import org.bayu.train.LossMask;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.TrainException;
import org.bayu.train.TrainSettings;
import org.bayu.train.finetune.TinyRun;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Plans for machines of several sizes. */
class MemoryPlannerTest {
  private static final Path MODEL = Path.of("../llama-model/src/test/resources/golden/llama2");
  private static final MachineMemory LARGE = new MachineMemory(1L << 40, 1L << 40);
  private static final MachineMemory TINY = new MachineMemory(1 << 20, 1 << 20);

  @TempDir private Path temporary;
  private HfCheckpoint base;

  @BeforeEach
  void open() throws IOException {
    base = HfCheckpoint.open(MODEL);
  }

  @AfterEach
  void close() throws IOException {
    base.close();
  }

  private static final Adaptation ALL = Adaptation.allWeights();
  private static final Adaptation LORA =
      Adaptation.lora(new LoraConfig(2, 8, 0, new LoraTargets.AllLinears(), false));

  private static final TrainSettings BY_MICRO_BATCH = TrainSettings.of(2, 4, 1e-3);
  private static final TrainSettings OPEN =
      BY_MICRO_BATCH.withMicroBatches(
          new TrainSettings.MicroBatchSettings(
              Integer.MAX_VALUE, null, GradientCheckpointing.AUTO, true, GradientSums.PROCESSES));

  private static TrainSettings given(int maxTokens, GradientCheckpointing checkpointing) {
    return OPEN.withMicroBatches(
        new TrainSettings.MicroBatchSettings(
            Integer.MAX_VALUE, maxTokens, checkpointing, true, GradientSums.PROCESSES));
  }

  /** Four rows of 20 tokens, all different from the first on. */
  private static TokenizedData rows() {
    var examples = new ArrayList<TokenizedExample>();
    for (var row = 0; row < 4; row++) {
      var tokens = new IntArrayList();
      for (var i = 0; i < 20; i++) {
        tokens.add(3 + (row + 4 * i) % 90);
      }
      examples.add(new TokenizedExample(tokens, 5));
    }
    return TokenizedData.of(examples);
  }

  private MemoryPlanner planner(
      TrainSettings settings, Adaptation adaptation, MachineMemory machine) throws IOException {
    return planner(settings, RunShape.of(base, adaptation, 0), rows(), machine);
  }

  private static MemoryPlanner planner(
      TrainSettings settings, RunShape shape, TokenizedData data, MachineMemory machine) {
    var masked = settings.withMask(new LossMask(true, LossMask.Offset.FIXED));
    // The heap of the tests changes by more than the models have.
    return new MemoryPlanner(masked, shape, data, null, false, 0, machine, 1 << 20);
  }

  @Test
  void aStepIsCountedOnTheRunsOwnBatches() throws IOException {
    var step = planner(OPEN, ALL, LARGE).plan().step();
    assertEquals(2, step.batches());
    assertEquals(4, step.examples());
    assertEquals(80, step.tokens());
    // A row's last token is only a target.
    assertEquals(76, step.distinct());
    assertEquals(1, step.microBatches());
  }

  @Test
  void aTrainedWeightTakesSixteenBytes() throws IOException {
    var all = planner(OPEN, ALL, LARGE).plan();
    assertEquals(all.parameters(), all.trainable());
    assertEquals(
        16 * all.parameters(), all.trainableBytes() + all.gradientBytes() + all.optimizerBytes());
    var lora = planner(OPEN, LORA, LARGE).plan();
    assertTrue(lora.trainable() < lora.parameters());
    assertEquals(all.parameters(), lora.parameters() - lora.trainable());
  }

  @Test
  void momentsInEightBitsTakeTwoBytesOfAnElementOfLargeTensors() throws IOException {
    base.close();
    base = HfCheckpoint.open(TinyRun.wideModel(temporary.resolve("wide")));
    var large = 0L;
    var small = 0L;
    var blocks = 0L;
    for (var shape : base.config().parameterShapes().values()) {
      if (shape.elements() >= 4096) {
        large += shape.elements();
        blocks += (shape.elements() + 255) / 256;
      } else {
        small += shape.elements();
      }
    }
    assertTrue(large > 0 && small > 0);
    var plan = planner(OPEN.withMoments(AdamW.Moments.EIGHT_BIT), ALL, LARGE).plan();
    assertEquals(2 * (large + 4 * blocks) + 8 * small, plan.optimizerBytes());
    var usual = planner(OPEN, ALL, LARGE).plan();
    assertEquals(
        usual.anonymousBytes() - usual.optimizerBytes() + plan.optimizerBytes(),
        plan.anonymousBytes());
  }

  @Test
  void whereMemoryIsPlentyMicroBatchesAreLargeAndNothingIsComputedAgain() throws IOException {
    var plan = planner(OPEN, ALL, LARGE).plan();
    assertEquals(4096, plan.maxTokens());
    assertEquals(0, plan.recomputed());
  }

  @Test
  void rowsWithACommonBeginningHaveLargerMicroBatches() throws IOException {
    var shape = RunShape.of(base, LORA, 0);
    var settings = TrainSettings.of(2, 1200, 1e-3).withMicroBatches(OPEN.microBatches());
    // A row has 13 tokens of its own behind the beginning; the last one is only a target.
    var plan = planner(settings, shape, beginning(50, 1200), LARGE).plan();
    assertEquals(16384, plan.maxTokens());
    assertEquals(1, plan.step().microBatches());
    assertEquals(50 + 1200 * 12, plan.step().distinct());
    // Two micro-batches need no other tokens than one where the beginning is too short to be
    // shared.
    assertEquals(4096, planner(settings, shape, beginning(10, 1200), LARGE).plan().maxTokens());
    // Two processes need micro-batches for both.
    var shared = shape.dividedAmong(2, DType.F32);
    assertEquals(4096, planner(settings, shared, beginning(50, 1200), LARGE).plan().maxTokens());
  }

  private static TokenizedData beginning(int length, int rows) {
    var examples = new ArrayList<TokenizedExample>();
    for (var row = 0; row < rows; row++) {
      var tokens = new IntArrayList();
      for (var i = 0; i < length; i++) {
        tokens.add(3 + i % 90);
      }
      for (var i = 0; i < 13; i++) {
        tokens.add(3 + (row / 90 + (i == 0 ? row : i)) % 90);
      }
      examples.add(new TokenizedExample(tokens, length));
    }
    return TokenizedData.of(examples);
  }

  @Test
  void whatTheSettingsSayIsKeptWhateverTheMachine() throws IOException {
    var given = given(30, GradientCheckpointing.TRUE);
    for (var machine : List.of(LARGE, TINY)) {
      var plan = planner(given, ALL, machine).plan();
      assertEquals(30, plan.maxTokens());
      assertEquals(2, plan.recomputed());
      assertEquals(4, plan.step().microBatches());
    }
  }

  @Test
  void asManyBlocksKeepTheirActivationsAsFitBesideTheWeights() throws IOException {
    base.close();
    base = HfCheckpoint.open(TinyRun.deepModel(temporary.resolve("deep")));
    var layers = 5;
    var open = given(80, GradientCheckpointing.AUTO);
    var plans = new ArrayList<MemoryPlan>();
    for (var recomputed = 0; recomputed <= layers; recomputed++) {
      var plan = planner(given(80, new GradientCheckpointing(recomputed)), LORA, LARGE).plan();
      assertEquals(recomputed, plan.recomputed());
      plans.add(plan);
    }
    var least = plans.get(layers - 1).workspaceBytes();
    for (var recomputed = 0; recomputed < layers; recomputed++) {
      var plan = plans.get(recomputed);
      assertTrue(recomputed == layers - 1 || plan.workspaceBytes() > least);
      // Of the available memory 95 % are planned with.
      var available =
          (long) Math.ceil((double) (plan.anonymousBytes() + plan.mappedBytes()) / 0.95);
      var chosen = planner(open, LORA, new MachineMemory(1L << 40, available)).plan();
      assertEquals(recomputed, chosen.recomputed());
    }
    // Computing the last block again would not help: it is the first one of the backward pass.
    assertTrue(plans.getLast().workspaceBytes() >= least);
    var tiny = planner(open, LORA, TINY).plan();
    assertEquals(layers - 1, tiny.recomputed());
  }

  @Test
  void whereNothingFitsTheLeastIsPlannedAndRefused() throws IOException {
    var planner = planner(OPEN, LORA, TINY);
    var plan = planner.plan();
    assertFalse(plan.fits(TINY));
    var refused = assertThrows(TrainException.class, () -> planner.check(plan));
    assertEquals(TrainException.Kind.MEMORY, refused.kind());
    assertTrue(String.valueOf(refused.getMessage()).contains("Take a smaller model"));
    planner(OPEN, LORA, LARGE).check(plan);
  }

  @Test
  void planningMapsTheWeightsAndTakesNoMemoryForThem() throws IOException {
    var bytes =
        base.config().parameterShapes().keySet().stream()
            .mapToLong(name -> base.weights().tensor(name).byteSize())
            .sum();
    assertEquals(bytes, planner(OPEN, ALL, LARGE).plan().mappedBytes());
  }

  @Test
  void evaluationsCountAndLargerRowsTakeMore() throws IOException {
    var shape = RunShape.of(base, LORA, 0);
    var plain = new MemoryPlanner(OPEN, shape, rows(), null, false, LARGE).plan();
    var tokens = new IntArrayList();
    for (var i = 0; i < 60; i++) {
      tokens.add(3 + i);
    }
    var longRow = TokenizedData.of(List.of(new TokenizedExample(tokens, 5)));
    var evaluated = new MemoryPlanner(OPEN, shape, rows(), longRow, false, LARGE).plan();
    assertTrue(evaluated.workspaceBytes() >= plain.workspaceBytes());
    var trained = new MemoryPlanner(OPEN, shape, longRow, null, false, LARGE).plan();
    assertTrue(trained.step().distinct() > plain.step().distinct() / 2);
  }

  /** Of 16 terms in a binary tree the sums of 8, 4, 2 and 1 wait, and the last one. */
  @Test
  void anAdaptersGradientsAreKeptApartAsOftenAsTheLargestBatchNeeds() throws IOException {
    var each =
        OPEN.withMicroBatches(
            new TrainSettings.MicroBatchSettings(
                1, 20, GradientCheckpointing.FALSE, true, GradientSums.PROCESSES));
    assertEquals(1 + 3, gradients(each, 1));
    assertEquals(1 + 5, gradients(each, 2));
    var sizes = List.of(new BatchSizes.Change(0, 1), new BatchSizes.Change(7, 16));
    var growing =
        new TrainSettings(
            8,
            new BatchSizes(sizes),
            each.learningRate(),
            each.adamW(),
            each.maxGradNorm(),
            each.compute(),
            each.mask(),
            each.seed(),
            each.stepsPerEval(),
            each.microBatches(),
            each.crashOnNan());
    assertEquals(1 + 5, gradients(growing, 1));
  }

  /** How often the plan of an adapter has its gradients. */
  private double gradients(TrainSettings settings, int processes) throws IOException {
    var shape = RunShape.of(base, LORA, 0).dividedAmong(processes, DType.F32);
    var plan = new MemoryPlanner(settings, shape, rows(), null, false, LARGE).plan();
    return plan.gradientBytes() / (4.0 * plan.trainable());
  }

  /** The largest one has neither the most tokens nor the most targets. */
  @Test
  void thePlanSufficesForEveryMicroBatch() throws IOException {
    var rows = List.of(row(60, 2), row(59, 45), row(50, 49));
    var most = 0L;
    for (var row : rows) {
      most = Math.max(most, workspaceBytes(List.of(row)));
    }
    assertTrue(
        most > Math.max(workspaceBytes(rows.subList(0, 1)), workspaceBytes(rows.subList(2, 3))));
    assertEquals(most, workspaceBytes(rows));
  }

  private static TokenizedExample row(int tokens, int targets) {
    return new TokenizedExample(
        IntArrayList.toList(IntStream.range(0, tokens).map(i -> 3 + i % 90)), tokens - targets);
  }

  /** That of a run that has each row once, one a step. */
  private long workspaceBytes(List<TokenizedExample> rows) throws IOException {
    var settings =
        TrainSettings.of(rows.size(), 1, 1e-3).withMask(new LossMask(true, LossMask.Offset.FIXED));
    var shape = RunShape.of(base, ALL, 0);
    var planner = new MemoryPlanner(settings, shape, TokenizedData.of(rows), null, false, LARGE);
    return planner.plan().workspaceBytes();
  }

  @Test
  void mergingTakesTheGreatestAdaptedMatrix() throws IOException {
    var shape = RunShape.of(base, LORA, 0);
    var merging = new MemoryPlanner(OPEN, shape, rows(), null, true, LARGE).plan();
    assertEquals(0, planner(OPEN, LORA, LARGE).plan().mergingBytes());
    var greatest =
        base.config().parameterShapes().entrySet().stream()
            .filter(weight -> weight.getKey().contains("_proj"))
            .mapToLong(weight -> base.weights().tensor(weight.getKey()).byteSize())
            .max()
            .orElseThrow();
    assertEquals(greatest, merging.mergingBytes());
  }

  @Test
  void ofSeveralProcessesEachHoldsAPartOfTheMoments() throws IOException {
    var one = planner(OPEN, ALL, LARGE).plan();
    var shape = RunShape.of(base, ALL, 0).dividedAmong(4, DType.F32);
    var four = new MemoryPlanner(OPEN, shape, rows(), null, false, LARGE).plan();
    var parts =
        base.config().parameterShapes().values().stream()
            .mapToLong(each -> 8 * new Shard(0, 4).size(each.elements()))
            .sum();
    assertEquals(parts, four.optimizerBytes());
    assertTrue(four.optimizerBytes() < one.optimizerBytes() / 2);
    assertEquals(one.gradientBytes(), four.gradientBytes());
    var greatest =
        base.config().parameterShapes().values().stream()
            .mapToLong(each -> 4 * each.elements())
            .max()
            .orElseThrow();
    assertEquals(greatest, four.mergingBytes());
  }

  /** Of 16 bytes, 2 for the copy, 4 for the gradient, and a fourth of 12. */
  @Test
  void ofSeveralProcessesThatComputeInBf16EachHasAPartInF32() throws IOException {
    var settings = OPEN.withCompute(DType.BF16);
    var shape = RunShape.of(base, ALL, 0).dividedAmong(4, DType.BF16);
    var four = new MemoryPlanner(settings, shape, rows(), null, false, LARGE).plan();
    var shapes = base.config().parameterShapes();
    var linear = 0L;
    var masters = 0L;
    for (var each : shapes.entrySet()) {
      if (each.getKey().endsWith("_proj.weight") || each.getKey().equals("lm_head.weight")) {
        linear += each.getValue().elements();
        masters += 4 * new Shard(0, 4).size(each.getValue().elements());
      }
    }
    assertEquals(4 * four.trainable() - 2 * linear, four.trainableBytes());
    assertEquals(masters, four.masterBytes());
    assertTrue(masters < 1.3 * (double) linear, masters + " of " + linear);
    assertEquals(4 * four.trainable(), four.gradientBytes());
    assertEquals(
        four.trainableBytes() + four.masterBytes() + four.gradientBytes() + four.optimizerBytes(),
        four.anonymousBytes()
            - four.workspaceBytes()
            - four.scratchBytes()
            - four.mergingBytes()
            - four.heapBytes()
            - four.jvmBytes());
  }

  @Test
  void ofAModelInPartsTheRowsAreMappedAndTheColumnsCopied() throws IOException {
    var whole = planner(OPEN, LORA, LARGE).plan();
    var part = planOfHalf(LORA);
    var rows = 0L;
    var columns = 0L;
    var all = 0L;
    for (var weight : base.config().parameterShapes().entrySet()) {
      var bytes = base.weights().tensor(weight.getKey()).byteSize();
      var isColumns = weight.getKey().matches(".*(o|down)_proj.weight");
      columns += isColumns ? bytes / 2 : 0;
      rows += isColumns ? 0 : weight.getKey().contains("_proj") ? bytes / 2 : bytes;
      all += bytes;
    }
    assertEquals(all, whole.mappedBytes());
    assertEquals(0, whole.copiedBytes());
    assertEquals(rows, part.mappedBytes());
    assertEquals(columns, part.copiedBytes());
    assertTrue(part.trainable() < whole.trainable());
    assertTrue(part.workspaceBytes() < whole.workspaceBytes());
  }

  @Test
  void ofAModelInPartsEachProcessHasTheStateOfItsWeights() throws IOException {
    var part = planOfHalf(ALL);
    assertEquals(
        base.config().part(2).parameterCount() * 16,
        part.trainableBytes() + part.gradientBytes() + part.optimizerBytes());
    assertEquals(0, part.copiedBytes());
    var down =
        Objects.requireNonNull(
            base.config().parameterShapes().get("model.layers.0.mlp.down_proj.weight"));
    // Nobody collects the embedding, which all have; columns are collected part by part first.
    assertEquals(2 * 4 * down.elements(), part.mergingBytes());
  }

  /** The plan of one of two processes that hold the model together. */
  private MemoryPlan planOfHalf(Adaptation adaptation) throws IOException {
    var shape = RunShape.of(base, adaptation, 0, 2).dividedAmong(2, DType.F32);
    return new MemoryPlanner(OPEN, shape, rows(), null, false, LARGE).plan();
  }

  @Test
  void partsOfTheGradientsAreKeptWhereWholeOnesDoNotFit() throws IOException {
    var shape = RunShape.of(base, ALL, 0).dividedAmong(4, DType.F32);
    var whole = new MemoryPlanner(OPEN, shape, rows(), null, false, 0, LARGE, 1 << 20).plan();
    assertFalse(whole.gradientParts());
    var least = new MemoryPlanner(OPEN, shape, rows(), null, false, 0, TINY, 1 << 20).plan();
    assertTrue(least.gradientParts());
    var parts =
        base.config().parameterShapes().values().stream()
            .mapToLong(each -> 4 * new Shard(0, 4).size(each.elements()))
            .sum();
    assertEquals(parts, least.gradientBytes());
    var bytes = (long) (least.anonymousBytes() / 0.95) + 2;
    var machine = new MachineMemory(bytes, bytes);
    var planner = new MemoryPlanner(OPEN, shape, rows(), null, false, 0, machine, 1 << 20);
    assertTrue(planner.plan().fits(machine));
    assertTrue(planner.plan().gradientParts());
  }

  @Test
  void partsOfTheGradientsAreKeptWhereMicroBatchesAreSummed() throws IOException {
    var one = RunShape.of(base, ALL, 0);
    var alone = new MemoryPlanner(BY_MICRO_BATCH, one, rows(), null, false, LARGE).plan();
    assertTrue(alone.gradientParts());
    assertEquals(alone.trainableBytes(), alone.gradientBytes());
    var two = one.dividedAmong(2, DType.F32);
    var half = new MemoryPlanner(BY_MICRO_BATCH, two, rows(), null, false, LARGE).plan();
    var parts =
        base.config().parameterShapes().values().stream()
            .mapToLong(each -> 4 * new Shard(0, 2).size(each.elements()))
            .sum();
    assertEquals(parts, half.gradientBytes());
    var adapter = RunShape.of(base, LORA, 0);
    var plan = new MemoryPlanner(BY_MICRO_BATCH, adapter, rows(), null, false, LARGE).plan();
    assertFalse(plan.gradientParts());
  }

  @Test
  void ofGradientsInBf16SeveralProcessesKeepParts() throws IOException {
    var bf16 = RunShape.of(base, Adaptation.allWeights(DType.BF16), 0);
    assertFalse(new MemoryPlanner(OPEN, bf16, rows(), null, false, LARGE).plan().gradientParts());
    var two = bf16.dividedAmong(2, DType.BF16);
    assertTrue(new MemoryPlanner(OPEN, two, rows(), null, false, LARGE).plan().gradientParts());
  }

  @Test
  void whereAllWeightsDoNotFitAnAdapterIsFound() throws IOException {
    var adapter = Adaptation.lora(LoraConfig.DEFAULT);
    var all = planner(OPEN, ALL, TINY).plan().anonymousBytes();
    var lora = planner(OPEN, adapter, TINY).plan().anonymousBytes();
    var bytes = (long) ((all + lora) / 1.9);
    var machine = new MachineMemory(bytes, bytes);
    var planner = planner(OPEN, ALL, machine);
    assertFalse(planner.plan().fits(machine));
    assertTrue(planner.fitting().isEmpty());
    assertTrue(planner.fittingAdapter().orElseThrow().fits(machine));
    assertTrue(planner(OPEN, adapter, machine).plan().fits(machine));
    assertTrue(planner(OPEN, adapter, machine).fittingAdapter().isEmpty());
  }
}
