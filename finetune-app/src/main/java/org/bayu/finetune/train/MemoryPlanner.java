package org.bayu.finetune.train;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.config.TrainerConfig.GradientCheckpointing;
import org.bayu.finetune.memory.MachineMemory;
import org.bayu.finetune.memory.ProcessMemory;
import org.bayu.finetune.train.MemoryPlan.StepTokens;
import org.bayu.llama.PassMemory;
import org.jspecify.annotations.Nullable;

/**
 * Plans a run's memory: counts what it takes on the batches that it will have, and chooses what the
 * configuration leaves open.
 */
public final class MemoryPlanner {
  /**
   * Budgets to choose from. Above the first a step gains no more speed; below the last the weights
   * would be read for too few tokens.
   */
  private static final List<Integer> BUDGETS = List.of(4096, 3072, 2048, 1536, 1024, 768, 512);

  private final TrainConfig config;
  private final RunInputs inputs;
  private final MachineMemory machine;
  private final BatchSample training;
  private final @Nullable BatchSample evaluation;
  private final Map<Integer, BatchSample.Cut> cuts = new HashMap<>();
  private final int threads = Runtime.getRuntime().availableProcessors();

  /** Looks at the batches of a run. */
  public MemoryPlanner(TrainConfig config, RunInputs inputs, MachineMemory machine) {
    this.config = config;
    this.inputs = inputs;
    this.machine = machine;
    training = BatchSample.ofTraining(inputs.data(), config);
    var evalData = inputs.evalData();
    evaluation = evalData == null ? null : BatchSample.ofEvaluation(evalData);
  }

  /** The plan; where nothing fits, the one that needs least. */
  public MemoryPlan plan() {
    return best(inputs.shape(), budgets(), checkpointings());
  }

  /** The budgets that the configuration allows. */
  private List<Integer> budgets() {
    var given = config.trainer().maxTokensPerMicrobatch();
    return given == null ? BUDGETS : List.of(given);
  }

  private List<Boolean> checkpointings() {
    return switch (config.trainer().gradientCheckpointing()) {
      case AUTO -> List.of(false, true);
      case TRUE -> List.of(true);
      case FALSE -> List.of(false);
    };
  }

  /**
   * Of what fits, the plan with the least work; of equals the one with the greater budget. But
   * weights that stay in memory come first: reading them from disk at every pass costs more.
   */
  private MemoryPlan best(RunShape shape, List<Integer> budgets, List<Boolean> checkpointings) {
    var plans = new ArrayList<MemoryPlan>();
    for (var budget : budgets) {
      for (var checkpointing : checkpointings) {
        var plan = plan(shape, budget, checkpointing);
        plans.add(plan);
        if (plans.size() == 1 && plan.fits(machine) && plan.keepsWeights(machine)) {
          return plan; // no other one has less work
        }
      }
    }
    return plans.stream()
        .filter(plan -> plan.fits(machine))
        .min(
            Comparator.comparing((MemoryPlan plan) -> !plan.keepsWeights(machine))
                .thenComparingDouble(MemoryPlan::cost))
        .or(() -> plans.stream().min(Comparator.comparingLong(MemoryPlan::anonymousBytes)))
        .orElseThrow();
  }

  private MemoryPlan plan(RunShape shape, int budget, boolean checkpointing) {
    var compute = config.trainer().mp().compute();
    var microBatches = MicroBatches.of(config, budget);
    var cut = cuts.computeIfAbsent(budget, _ -> training.cut(microBatches));
    var passes = new PassMemory(0, 0);
    for (var largest : cut.largest()) {
      passes = passes.max(shape.training(largest, compute, checkpointing, threads));
    }
    var most = cut.margin() * (double) passes.bytes();
    if (evaluation != null) {
      var evaluated = evaluation.cut(microBatches);
      for (var largest : evaluated.largest()) {
        var pass = shape.evaluation(largest, compute, threads);
        passes = passes.max(pass);
        most = Math.max(most, evaluated.margin() * (double) pass.bytes());
      }
    }
    var merging =
        config.mergedHfSavePath() == null
            ? 0
            : shape.greatestAdapted() * inputs.greatestWeightBytes();
    return new MemoryPlan(
        shape.parameters(),
        shape.trainable(),
        new StepTokens(
            cut.batches(), cut.examples(), cut.tokens(), cut.distinct(), cut.microBatches()),
        budget,
        checkpointing,
        inputs.mappedBytes(),
        passes.workspaceBytes(),
        Math.max(passes.scratchBytes(), (long) most - passes.workspaceBytes()),
        merging,
        ProcessMemory.heapBytes(),
        ProcessMemory.jvmBytes());
  }

  /**
   * Refuses a plan that does not fit, and says what would.
   *
   * @throws UserException if it does not fit
   */
  public void check(MemoryPlan plan) {
    if (!plan.fits(machine)) {
      throw UserException.memory(
          "This run needs %s of memory beside the mapped weights, and %s of %s can be had. %s"
              .formatted(
                  MemoryPlan.gib(plan.anonymousBytes()),
                  MemoryPlan.gib(machine.availableBytes()),
                  MemoryPlan.gib(machine.totalBytes()),
                  advice()));
    }
  }

  private String advice() {
    var sameWeights =
        fitting(inputs.shape())
            .map(
                plan ->
                    "It fits with %s: %s."
                        .formatted(settings(plan), MemoryPlan.gib(plan.anonymousBytes())));
    return sameWeights
        .or(this::adviceOfLora)
        .orElse(
            "No choice of trainer.max_tokens_per_microbatch and trainer.gradient_checkpointing"
                + " helps. Take a smaller model, shorten the rows (max_tune_length), or close"
                + " other programs.");
  }

  private Optional<String> adviceOfLora() {
    if (config.lora() != null) {
      return Optional.empty();
    }
    return fitting(RunShape.withDefaultAdapter(inputs.base()))
        .map(
            plan ->
                "With LoRA in place of all weights it fits: add lora: {r: 8}%s, which takes %s."
                    .formatted(
                        isOpen(plan) ? "" : " and " + settings(plan),
                        MemoryPlan.gib(plan.anonymousBytes())));
  }

  /** Whether the plan's settings are what the configuration leads to by itself. */
  private boolean isOpen(MemoryPlan plan) {
    var trainer = config.trainer();
    var given = trainer.maxTokensPerMicrobatch();
    return (given == null || given == plan.maxTokens())
        && checkpointings().contains(plan.checkpointing());
  }

  private static String settings(MemoryPlan plan) {
    return String.format(
        Locale.ROOT,
        "trainer.max_tokens_per_microbatch %d and trainer.gradient_checkpointing %b",
        plan.maxTokens(),
        plan.checkpointing());
  }

  /** A plan that fits; with what the configuration says where that is enough. */
  private Optional<MemoryPlan> fitting(RunShape shape) {
    var given = config.trainer().maxTokensPerMicrobatch();
    var ceiling = given == null ? Integer.MAX_VALUE : given;
    List<Integer> smaller = new ArrayList<>(budgets());
    BUDGETS.stream().filter(budget -> budget < ceiling).forEach(smaller::add);
    return Optional.of(best(shape, budgets(), checkpointings()))
        .filter(plan -> plan.fits(machine))
        .or(
            () ->
                Optional.of(best(shape, smaller, List.of(false, true)))
                    .filter(plan -> plan.fits(machine)));
  }

  /** The configuration with the plan's settings in place of what it left open. */
  static TrainConfig resolved(TrainConfig config, MemoryPlan plan) {
    return config.withTrainer(
        config
            .trainer()
            .withMemory(
                plan.maxTokens(),
                plan.checkpointing() ? GradientCheckpointing.TRUE : GradientCheckpointing.FALSE));
  }
}
