package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.data.DataReport;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.lora.LoraAdapter;
import org.bayu.remote.files.Found;
import org.bayu.tensor.DType;
import org.bayu.train.Adaptation;
import org.bayu.train.TokenizedData;
import org.bayu.train.data.TokenCache;
import org.bayu.train.data.UnknownTokens;
import org.bayu.train.plan.MachineMemory;
import org.bayu.train.plan.MemoryPlanner;
import org.bayu.train.plan.RunShape;
import org.jspecify.annotations.Nullable;

/**
 * What a run is given: the base model, mapped, the shape that it is trained in, and the data's
 * tokens. None of it takes memory in proportion to the model.
 *
 * @param model where the model was found, perhaps only an outline of it
 * @param base the model's folder, with the tokenizer of the adapter that the run goes on from where
 *     that has one
 * @param adapter where that adapter was found; null without one
 * @param predicted the rows that the model answers at each evaluation; null for none
 */
public record RunInputs(
    Found model,
    @Nullable Found adapter,
    ModelFolder base,
    RunShape shape,
    TokenizedData data,
    @Nullable TokenizedData evalData,
    @Nullable PredictedRows predicted)
    implements AutoCloseable {
  private static final String MODEL = "model_name_or_path";

  /**
   * Opens and reads all of it.
   *
   * @param models finds model and adapter. Weights that are not here are not fetched: {@link
   *     #whole} does that
   * @param commit of a model of the Hub; null for the newest
   * @param messages takes a line for whoever watches
   * @throws UserException for what the user can mend
   */
  public static RunInputs open(
      TrainConfig config, Models models, @Nullable String commit, Consumer<String> messages)
      throws IOException {
    if (config.trainer().mp().compute() == DType.F16) {
      throw UserException.usage(
          "trainer.mp: computing in float16 is not possible on a CPU. Use c=bfloat16 or c=f32.");
    }
    var model = models.outline(MODEL, config.modelNameOrPath(), commit);
    var start = models.adapter("lora.initialize_from", config.initialAdapter());
    var base = open(model, start);
    try {
      base.notes().forEach(messages);
      var shape = shape(config, base, start);
      var adapter = shape.adapter();
      if (adapter != null && config.mergedHfSavePath() != null) {
        refuseUnmergeable("merged_hf_save_path", adapter);
      }
      var said = base.notes().size();
      var tokenizer = base.tokenizer();
      base.notes().stream().skip(said).forEach(messages);
      var data = load(config, models, config.data(), "train", tokenizer, base.config(), messages);
      var evalFile = config.evalData();
      var evalData =
          evalFile == null
              ? null
              : load(config, models, evalFile, "validation", tokenizer, base.config(), messages)
                  .first(config.trainer().maxEvalRows());
      var predicted =
          evalFile == null || config.trainer().evalPredictions() == 0
              ? null
              : PredictedRows.of(
                  config, models.rows(evalFile, "validation"), tokenizer, base.config());
      return new RunInputs(model, start, base, shape, data, evalData, predicted);
    } catch (Throwable e) {
      base.close();
      throw e;
    }
  }

  /** The same for the plan of one of several processes. */
  public RunInputs dividedAmong(int processes, TrainConfig config) {
    var divided = shape.dividedAmong(processes, config.settings().compute());
    return new RunInputs(model, adapter, base, divided, data, evalData, predicted);
  }

  /** The same for a plan in which each process keeps only its part of the gradients. */
  RunInputs withGradientParts() {
    return new RunInputs(
        model, adapter, base, shape.withGradientParts(), data, evalData, predicted);
  }

  private static ModelFolder open(Found model, @Nullable Found adapter) throws IOException {
    return ModelFolder.open(model.folder(), adapter == null ? null : adapter.folder());
  }

  /**
   * The same with the model's weights, which are fetched if they are not here. The result takes the
   * place of this object.
   */
  RunInputs whole(TrainConfig config, Models models) throws IOException {
    if (!model.isOutline()) {
      return this;
    }
    var whole = models.files().whole(model);
    var opened = open(whole, adapter);
    try {
      var inputs =
          new RunInputs(
              whole, adapter, opened, shape(config, opened, adapter), data, evalData, predicted);
      base.close();
      return inputs;
    } catch (Throwable e) {
      opened.close();
      throw e;
    }
  }

  /** What of the model is trained. */
  Adaptation adaptation(TrainConfig config) {
    return config.adaptation(adapter == null ? null : adapter.folder());
  }

  private static RunShape shape(TrainConfig config, ModelFolder base, @Nullable Found adapter)
      throws IOException {
    var parts = config.trainer().modelAxisSize();
    try {
      var _ = base.config().part(parts);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("trainer.model_axis_size: %s.".formatted(e.getMessage()));
    }
    try {
      var adaptation = config.adaptation(adapter == null ? null : adapter.folder());
      return RunShape.of(base.checkpoint(), adaptation, config.trainer().seed(), parts);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("lora: %s.".formatted(e.getMessage()));
    }
  }

  /** What ends a text in the data's tokens. */
  OptionalInt eos() throws IOException {
    return base.tokenizer().eosId();
  }

  /** Plans the memory of the configuration's run on a machine. */
  public MemoryPlanner planner(TrainConfig config, MachineMemory machine) {
    return new MemoryPlanner(
        config.settings(),
        shape,
        data,
        evalData,
        config.mergedHfSavePath() != null,
        predicted == null
            ? 0
            : shape.generation(
                predicted.prompts(), predicted.maxNewTokens(), config.trainer().mp().compute()),
        machine);
  }

  /** The rows of a file that teach something: planning, order and steps see no others. */
  private static TokenizedData load(
      TrainConfig config,
      Models models,
      Path file,
      String split,
      LlamaTokenizer tokenizer,
      LlamaConfig model,
      Consumer<String> messages)
      throws IOException {
    var source = config.source(models.rows(file, split), tokenizer, model.maxPositions());
    var mask = config.lossMask();
    var all =
        new TokenCache(config.dataCacheDir(), messages, models.files().buckets()).load(source);
    DataReport.lines(all, mask, source.limit())
        .forEach(line -> messages.accept(file + ": " + line));
    UnknownTokens.check(file, all, tokenizer, model.vocabSize()).forEach(messages);
    var data = all.withLoss(mask);
    if (data.isEmpty()) {
      throw UserException.inputFile(
          file + ": " + DataReport.nothingLeft(all, mask, source.limit()));
    }
    return data;
  }

  /** Refuses an adapter that cannot be merged, as that of a head that is the embedding. */
  static void refuseUnmergeable(String key, LoraAdapter adapter) {
    try {
      adapter.mergedWeights();
    } catch (UnsupportedOperationException e) {
      throw UserException.usage("%s: %s.".formatted(key, e.getMessage()));
    }
  }

  /** Unmaps the model. */
  @Override
  public void close() throws IOException {
    base.close();
  }
}
