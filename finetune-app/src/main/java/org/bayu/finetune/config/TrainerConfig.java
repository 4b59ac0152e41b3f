package org.bayu.finetune.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.bayu.train.BatchSizes;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.GradientSums;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code trainer}.
 *
 * @param id the run's name; null where neither the key nor $RUN_ID gives one
 * @param seed of data order, adapter initialization and dropout
 * @param mp the types of parameters and computation
 * @param numTrainSteps steps of the whole run
 * @param trainBatchSize examples of each step
 * @param perDeviceParallelism examples in a micro-batch at most; −1 for no limit but the tokens'
 * @param maxTokensPerMicrobatch tokens in a micro-batch at most; null for what fits in memory
 * @param gradientCheckpointing how many blocks the backward pass recomputes
 * @param prefixSharing whether what examples have in common is computed once
 * @param gradientSums the order in which the gradients of all weights are summed
 * @param stepsPerEval steps from one {@code eval/loss} to the next
 * @param maxEvalBatches batches of the largest train_batch_size that {@code eval/loss} is the mean
 *     of at most; null for all
 * @param outputDir holds one folder a run
 * @param checkpointer when to save what a run can go on from
 * @param loadCheckpoint true to go on from a checkpoint and from nothing else, false to begin anew;
 *     null to go on where there is one
 * @param loadCheckpointPath the checkpoint, or a folder of checkpoints, to go on from; null for the
 *     run's own
 * @param initializeFrom the checkpoint whose weights a new run begins with; null for the model's
 * @param crashOnNan whether a loss or gradient that is not finite ends the run; else the update is
 *     skipped
 * @param wandb what Weights &amp; Biases is told of the run; null for nothing
 * @param modelAxisSize the processes that hold a model together
 * @param tensorParallelAxes of what each of them has a part: mlp and heads where they are several
 * @param tracker who is told of the run, beside {@code metrics.jsonl}; null for nobody
 * @param report whether {@code report.html} is written
 * @param evalPredictions rows of the evaluation data that the model answers at each evaluation
 */
public record TrainerConfig(
    @Nullable String id,
    long seed,
    MixedPrecision mp,
    int numTrainSteps,
    BatchSizes trainBatchSize,
    int perDeviceParallelism,
    @Nullable Integer maxTokensPerMicrobatch,
    GradientCheckpointing gradientCheckpointing,
    boolean prefixSharing,
    String gradientSums,
    int stepsPerEval,
    @Nullable Integer maxEvalBatches,
    Path outputDir,
    CheckpointerConfig checkpointer,
    @Nullable Boolean loadCheckpoint,
    @Nullable Path loadCheckpointPath,
    @Nullable Path initializeFrom,
    boolean crashOnNan,
    @Nullable WandbConfig wandb,
    int modelAxisSize,
    @Nullable List<String> tensorParallelAxes,
    @Nullable List<TrackerConfig> tracker,
    boolean report,
    int evalPredictions) {

  private static final String BY_MICRO_BATCH = "micro_batches";
  private static final String BY_PROCESS = "processes";
  private static final Set<String> DIVIDED_AXES = Set.of("mlp", "heads");

  static TrainerConfig read(ConfigSection keys) {
    refuseContradictions(keys);
    var wandb = WandbConfig.read(keys);
    return new TrainerConfig(
        RunId.read(keys, keys.files().environment().get("RUN_ID")),
        keys.seed("seed", 0),
        precision(keys),
        keys.whole("num_train_steps", 400_000, 1),
        BatchSizesKey.read(keys),
        parallelism(keys),
        keys.whole("max_tokens_per_microbatch", 1),
        GradientCheckpointingKey.read(keys),
        keys.flag("prefix_sharing", true),
        gradientSums(keys),
        keys.whole("steps_per_eval", 1000, 1),
        keys.whole("max_eval_batches", 1),
        keys.path("output_dir", "runs"),
        CheckpointerConfig.read(keys.section("checkpointer")),
        keys.flag("load_checkpoint"),
        keys.path("load_checkpoint_path"),
        keys.path("initialize_from"),
        keys.flag("crash_on_nan", true),
        wandb,
        modelAxisSize(keys),
        keys.texts("tensor_parallel_axes"),
        TrackerConfig.read(keys, wandb),
        keys.flag("report", true),
        keys.whole("eval_predictions", 0, 0));
  }

  private static void refuseContradictions(ConfigSection keys) {
    if (keys.text("load_checkpoint_path") == null) {
      return;
    }
    if (Boolean.FALSE.equals(keys.flag("load_checkpoint"))) {
      throw keys.bad(
          "load_checkpoint_path", "trainer.load_checkpoint is false. Leave one of the two out.");
    }
    if (keys.text("initialize_from") != null) {
      throw keys.bad(
          "load_checkpoint_path",
          "a run that goes on from a checkpoint has its weights, so trainer.initialize_from says"
              + " nothing. Leave one of the two out.");
    }
  }

  /**
   * The run's name.
   *
   * @throws IllegalStateException if it has none
   */
  public String runId() {
    if (id == null) {
      throw new IllegalStateException("this configuration has no run id");
    }
    return id;
  }

  /** The same with another name. */
  public TrainerConfig withId(String other) {
    return with(other, maxTokensPerMicrobatch, gradientCheckpointing, outputDir, loadCheckpoint);
  }

  /** The same with these settings, on which the memory of a step depends. */
  public TrainerConfig withMemory(int maxTokens, GradientCheckpointing checkpointing) {
    return with(id, maxTokens, checkpointing, outputDir, loadCheckpoint);
  }

  /**
   * The same with those settings of a command that do not tell one run from another: {@code id},
   * {@code output_dir} and {@code load_checkpoint}; also {@code max_tokens_per_microbatch} and
   * {@code gradient_checkpointing} if the command leaves them to the memory plan.
   */
  public TrainerConfig asOrderedBy(TrainerConfig command) {
    return with(
        command.id,
        command.maxTokensPerMicrobatch == null ? null : maxTokensPerMicrobatch,
        command.gradientCheckpointing.isAuto() ? GradientCheckpointing.AUTO : gradientCheckpointing,
        command.outputDir,
        command.loadCheckpoint);
  }

  private TrainerConfig with(
      @Nullable String newId,
      @Nullable Integer maxTokens,
      GradientCheckpointing checkpointing,
      Path newOutputDir,
      @Nullable Boolean newLoadCheckpoint) {
    return new TrainerConfig(
        newId,
        seed,
        mp,
        numTrainSteps,
        trainBatchSize,
        perDeviceParallelism,
        maxTokens,
        checkpointing,
        prefixSharing,
        gradientSums,
        stepsPerEval,
        maxEvalBatches,
        newOutputDir,
        checkpointer,
        newLoadCheckpoint,
        loadCheckpointPath,
        initializeFrom,
        crashOnNan,
        wandb,
        modelAxisSize,
        tensorParallelAxes,
        tracker,
        report,
        evalPredictions);
  }

  /** What Weights &amp; Biases is told of the run; null for nothing. */
  public @Nullable WandbConfig wandbTracker() {
    return Stream.concat(
            Stream.ofNullable(wandb), trackers().map(TrackerConfig::wandb).filter(Objects::nonNull))
        .findFirst()
        .orElse(null);
  }

  /** What is written for TensorBoard; null for nothing. */
  public @Nullable TensorBoardConfig tensorBoardTracker() {
    return trackers()
        .map(TrackerConfig::tensorboard)
        .filter(Objects::nonNull)
        .filter(TensorBoardConfig::writeToDisk)
        .findFirst()
        .orElse(null);
  }

  private Stream<TrackerConfig> trackers() {
    return tracker == null ? Stream.of() : tracker.stream();
  }

  /** The order in which the gradients of all weights are summed. */
  public GradientSums sums() {
    return gradientSums.equals(BY_PROCESS) ? GradientSums.PROCESSES : GradientSums.MICRO_BATCHES;
  }

  /** The rows at most of which {@code eval/loss} is the mean. */
  public long maxEvalRows() {
    return maxEvalBatches == null
        ? Long.MAX_VALUE
        : (long) maxEvalBatches * trainBatchSize.largest();
  }

  private static MixedPrecision precision(ConfigSection keys) {
    try {
      return MixedPrecision.parse(keys.text("mp", "f32"));
    } catch (IllegalArgumentException e) {
      throw keys.expected("mp", "f32, bfloat16 or types by letter such as p=f32,c=bfloat16");
    }
  }

  private static int modelAxisSize(ConfigSection keys) {
    var size = keys.whole("model_axis_size", 1, 1);
    var axes = keys.texts("tensor_parallel_axes");
    if (size > 1 && !DIVIDED_AXES.equals(axes == null ? Set.of() : Set.copyOf(axes))) {
      throw keys.bad(
          "model_axis_size",
          "to divide a model among processes, write tensor_parallel_axes: [mlp, heads]: Bayu"
              + " divides these two and nothing else.");
    }
    return size;
  }

  private static String gradientSums(ConfigSection keys) {
    var order = keys.text("gradient_sums", BY_MICRO_BATCH);
    if (!order.equals(BY_MICRO_BATCH) && !order.equals(BY_PROCESS)) {
      throw keys.expected("gradient_sums", BY_MICRO_BATCH + " or " + BY_PROCESS);
    }
    return order;
  }

  private static int parallelism(ConfigSection keys) {
    var examples = keys.whole("per_device_parallelism", -1, -1);
    if (examples == 0) {
      throw keys.expected("per_device_parallelism", "-1 or a whole number of at least 1");
    }
    return examples;
  }
}
