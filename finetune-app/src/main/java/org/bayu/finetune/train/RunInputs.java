package org.bayu.finetune.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.data.DataReport;
import org.bayu.finetune.data.TokenCache;
import org.bayu.finetune.data.TokenizedData;
import org.bayu.finetune.data.UnknownTokens;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.DType;
import org.jspecify.annotations.Nullable;

/**
 * What a run is given: the base model, mapped, the shape that it is trained in, and the data's
 * tokens. None of it takes memory in proportion to the model.
 *
 * @param tokenizer the folder that it was read from: the model's, or that of the adapter that the
 *     run goes on from
 * @param eos what ends a text in the data's tokens
 */
public record RunInputs(
    HfCheckpoint base,
    RunShape shape,
    Path tokenizer,
    OptionalInt eos,
    TokenizedData data,
    @Nullable TokenizedData evalData)
    implements AutoCloseable {
  /**
   * Opens and reads all of it.
   *
   * @param messages takes a line for whoever watches
   * @throws UserException for what the user can mend
   */
  public static RunInputs open(TrainConfig config, Consumer<String> messages) throws IOException {
    if (config.trainer().mp().compute() == DType.F16) {
      throw UserException.usage(
          "trainer.mp: computing in float16 is not possible on a CPU. Use c=bfloat16 or c=f32.");
    }
    var base = HfCheckpoint.open(config.modelFolder());
    try {
      base.notes().forEach(note -> messages.accept(base.folder() + ": " + note));
      var shape = RunShape.of(base, config.lora(), config.trainer().seed());
      var adapter = shape.adapter();
      if (adapter != null && config.mergedHfSavePath() != null) {
        refuseUnmergeable(adapter);
      }
      var folder = LlamaTokenizer.folder(base.folder(), config.initialAdapter());
      var tokenizer = LlamaTokenizer.load(base.folder(), config.initialAdapter());
      tokenizer.notes().forEach(note -> messages.accept(folder + ": " + note));
      var data = load(config, config.data(), tokenizer, base.config(), messages);
      var evalFile = config.evalData();
      var evalData =
          evalFile == null
              ? null
              : load(config, evalFile, tokenizer, base.config(), messages)
                  .first(config.trainer().maxEvalRows());
      return new RunInputs(base, shape, folder, tokenizer.eosId(), data, evalData);
    } catch (Throwable e) {
      base.close();
      throw e;
    }
  }

  /** The rows of a file that teach something: planning, order and steps see no others. */
  private static TokenizedData load(
      TrainConfig config,
      Path file,
      LlamaTokenizer tokenizer,
      LlamaConfig model,
      Consumer<String> messages)
      throws IOException {
    var source = config.source(file, tokenizer, model.maxPositions());
    var mask = config.lossMask();
    var all = new TokenCache(config.dataCacheDir(), messages).load(source);
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

  private static void refuseUnmergeable(LoraAdapter adapter) {
    try {
      adapter.mergedWeights();
    } catch (UnsupportedOperationException e) {
      throw UserException.usage("merged_hf_save_path: %s.".formatted(e.getMessage()));
    }
  }

  /** Bytes of the model's weights in their files. */
  long mappedBytes() {
    return base.config().parameterShapes().keySet().stream()
        .mapToLong(name -> base.weights().tensor(name).byteSize())
        .sum();
  }

  /** Bytes of an element of the widest weight. */
  int greatestWeightBytes() {
    return base.config().parameterShapes().keySet().stream()
        .mapToInt(name -> base.weights().tensor(name).dtype().bytes())
        .max()
        .orElse(DType.F32.bytes());
  }

  /** Unmaps the model. */
  @Override
  public void close() throws IOException {
    base.close();
  }
}
