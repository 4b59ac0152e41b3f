package org.bayu.finetune.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.config.TrainerConfig.GradientCheckpointing;
import org.bayu.finetune.data.TokenizedData;
import org.bayu.finetune.data.TokenizedExample;
import org.bayu.finetune.memory.MachineMemory;
import org.bayu.llama.hf.HfCheckpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Plans for machines of several sizes. */
class MemoryPlannerTest {
  private static final Path MODEL = Path.of("../llama-model/src/test/resources/golden/llama2");
  private static final MachineMemory LARGE = new MachineMemory(1L << 40, 1L << 40);
  private static final MachineMemory TINY = new MachineMemory(1 << 20, 1 << 20);

  private HfCheckpoint base;

  @BeforeEach
  void open() throws IOException {
    base = HfCheckpoint.open(MODEL);
  }

  @AfterEach
  void close() throws IOException {
    base.close();
  }

  private static TrainConfig config(String... more) throws IOException {
    var flags = new ArrayList<>(List.of("--data=x", "--trainer.num_train_steps=2"));
    flags.add("--trainer.train_batch_size=4");
    flags.addAll(List.of(more));
    return TrainConfig.load(null, flags);
  }

  /** Four rows of 20 tokens, all different from the first on. */
  private RunInputs inputs(TrainConfig config) throws IOException {
    var examples = new ArrayList<TokenizedExample>();
    for (var row = 0; row < 4; row++) {
      var tokens = new IntArrayList();
      for (var i = 0; i < 20; i++) {
        tokens.add(3 + (row + 4 * i) % 90);
      }
      examples.add(new TokenizedExample(tokens, 5));
    }
    return new RunInputs(
        base,
        RunShape.of(base, config.lora(), 0),
        base.folder(),
        OptionalInt.empty(),
        TokenizedData.of(examples),
        null);
  }

  private MemoryPlanner planner(TrainConfig config, MachineMemory machine) throws IOException {
    return new MemoryPlanner(config, inputs(config), machine);
  }

  @Test
  void aStepIsCountedOnTheRunsOwnBatches() throws IOException {
    var step = planner(config(), LARGE).plan().step();
    assertEquals(2, step.batches());
    assertEquals(4, step.examples());
    assertEquals(80, step.tokens());
    // A row's last token is only a target.
    assertEquals(76, step.distinct());
    assertEquals(1, step.microBatches());
  }

  @Test
  void aTrainedWeightTakesSixteenBytes() throws IOException {
    var all = planner(config(), LARGE).plan();
    assertEquals(all.parameters(), all.trainable());
    assertEquals(
        16 * all.parameters(), all.trainableBytes() + all.gradientBytes() + all.optimizerBytes());
    var lora = planner(config("--lora.r=2"), LARGE).plan();
    assertTrue(lora.trainable() < lora.parameters());
    assertEquals(all.parameters(), lora.parameters() - lora.trainable());
  }

  @Test
  void whereMemoryIsPlentyMicroBatchesAreLargeAndNothingIsComputedAgain() throws IOException {
    var config = config();
    var plan = planner(config, LARGE).plan();
    assertEquals(4096, plan.maxTokens());
    assertFalse(plan.checkpointing());
    var resolved = MemoryPlanner.resolved(config, plan).trainer();
    assertEquals(4096, resolved.maxTokensPerMicrobatch());
    assertEquals(GradientCheckpointing.FALSE, resolved.gradientCheckpointing());
  }

  @Test
  void whatTheConfigurationSaysIsKeptWhateverTheMachine() throws IOException {
    var given =
        config("--trainer.max_tokens_per_microbatch=30", "--trainer.gradient_checkpointing=true");
    for (var machine : List.of(LARGE, TINY)) {
      var plan = planner(given, machine).plan();
      assertEquals(30, plan.maxTokens());
      assertTrue(plan.checkpointing());
      assertEquals(4, plan.step().microBatches());
    }
  }

  @Test
  void whereNothingFitsTheLeastIsPlannedAndRefused() throws IOException {
    var planner = planner(config("--lora.r=2"), TINY);
    var plan = planner.plan();
    assertFalse(plan.fits(TINY));
    var refused = assertThrows(UserException.class, () -> planner.check(plan));
    assertEquals(ExitCode.MEMORY, refused.exitCode());
    assertTrue(String.valueOf(refused.getMessage()).contains("Take a smaller model"));
    planner(config("--lora.r=2"), LARGE).check(plan);
  }

  @Test
  void planningMapsTheWeightsAndTakesNoMemoryForThem() throws IOException {
    var inputs = inputs(config());
    var bytes =
        base.config().parameterShapes().keySet().stream()
            .mapToLong(name -> base.weights().tensor(name).byteSize())
            .sum();
    assertEquals(bytes, new MemoryPlanner(config(), inputs, LARGE).plan().mappedBytes());
  }
}
