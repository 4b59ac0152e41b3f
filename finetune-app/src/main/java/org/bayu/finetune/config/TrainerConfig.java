package org.bayu.finetune.config;

import java.nio.file.Path;
import java.util.List;
import org.bayu.train.BatchSizes;
import org.bayu.train.GradientCheckpointing;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code trainer}.
 *
 * @param id the run's name
 * @param seed of data order, adapter initialization and dropout
 * @param mp the types of parameters and computation
 * @param numTrainSteps steps of the whole run
 * @param trainBatchSize examples of each step
 * @param perDeviceParallelism examples in a micro-batch at most; −1 for no limit but the tokens'
 * @param maxTokensPerMicrobatch tokens in a micro-batch at most; null for what fits in memory
 * @param gradientCheckpointing whether the backward pass recomputes each block
 * @param prefixSharing whether what examples have in common is computed once
 * @param stepsPerEval steps from one {@code eval/loss} to the next
 * @param maxEvalBatches batches of the largest train_batch_size that {@code eval/loss} is the mean
 *     of at most; null for all
 * @param outputDir holds one folder a run
 * @param checkpointer when to save what a run can go on from
 * @param loadCheckpoint whether to go on from a checkpoint; null or false as long as Bayu cannot
 * @param loadCheckpointPath which; null as long as Bayu cannot
 * @param wandb accepted; metrics go to files
 * @param tensorParallelAxes accepted; one process has nothing to split
 */
public record TrainerConfig(
    String id,
    long seed,
    MixedPrecision mp,
    int numTrainSteps,
    BatchSizes trainBatchSize,
    int perDeviceParallelism,
    @Nullable Integer maxTokensPerMicrobatch,
    GradientCheckpointing gradientCheckpointing,
    boolean prefixSharing,
    int stepsPerEval,
    @Nullable Integer maxEvalBatches,
    Path outputDir,
    CheckpointerConfig checkpointer,
    @Nullable Boolean loadCheckpoint,
    @Nullable Path loadCheckpointPath,
    @Nullable WandbConfig wandb,
    @Nullable List<String> tensorParallelAxes) {

  private static final String RESUMING =
      "Bayu cannot resume a run from a checkpoint; leave the key out to start a new run.";

  static TrainerConfig read(ConfigSection keys) {
    TrackerKey.check(keys);
    return new TrainerConfig(
        RunId.read(keys, System.getenv("RUN_ID")),
        keys.seed("seed", 0),
        precision(keys),
        keys.whole("num_train_steps", 400_000, 1),
        BatchSizesKey.read(keys),
        parallelism(keys),
        keys.whole("max_tokens_per_microbatch", 1),
        keys.choice("gradient_checkpointing", GradientCheckpointing.AUTO),
        keys.flag("prefix_sharing", true),
        keys.whole("steps_per_eval", 1000, 1),
        keys.whole("max_eval_batches", 1),
        keys.path("output_dir", "runs"),
        CheckpointerConfig.read(keys.section("checkpointer")),
        loadCheckpoint(keys),
        loadCheckpointPath(keys),
        WandbConfig.read(keys),
        keys.texts("tensor_parallel_axes"));
  }

  /** The same with these settings, on which the memory of a step depends. */
  public TrainerConfig withMemory(int maxTokens, GradientCheckpointing checkpointing) {
    return new TrainerConfig(
        id,
        seed,
        mp,
        numTrainSteps,
        trainBatchSize,
        perDeviceParallelism,
        maxTokens,
        checkpointing,
        prefixSharing,
        stepsPerEval,
        maxEvalBatches,
        outputDir,
        checkpointer,
        loadCheckpoint,
        loadCheckpointPath,
        wandb,
        tensorParallelAxes);
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

  private static int parallelism(ConfigSection keys) {
    var examples = keys.whole("per_device_parallelism", -1, -1);
    if (examples == 0) {
      throw keys.expected("per_device_parallelism", "-1 or a whole number of at least 1");
    }
    return examples;
  }

  private static @Nullable Boolean loadCheckpoint(ConfigSection keys) {
    var load = keys.flag("load_checkpoint");
    if (load != null && load) {
      throw keys.bad("load_checkpoint", RESUMING);
    }
    return load;
  }

  private static @Nullable Path loadCheckpointPath(ConfigSection keys) {
    if (keys.text("load_checkpoint_path") != null) {
      throw keys.bad("load_checkpoint_path", RESUMING);
    }
    return null;
  }
}
