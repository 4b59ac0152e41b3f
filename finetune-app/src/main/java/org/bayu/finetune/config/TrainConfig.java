package org.bayu.finetune.config;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.EnumFeature;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.util.TokenBuffer;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.bayu.finetune.error.UserException;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.lora.LoraTargets;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Decay;
import org.bayu.train.Adaptation;
import org.bayu.train.BatchSizes;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.LossMask;
import org.bayu.train.TrainSettings;
import org.bayu.train.data.LengthLimit;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;
import org.bayu.train.data.TokenCache;
import org.jspecify.annotations.Nullable;

/**
 * All that a training run is told, under Levanter's names and with Levanter's defaults.
 *
 * @param modelNameOrPath the base model's folder, or its name on the Hub
 * @param data the training rows
 * @param evalData the rows of {@code eval/loss}; null for none
 * @param dataCacheDir where token ids are kept from run to run
 * @param skipBadRows whether bad lines are counted and passed over
 * @param specialTokensInRows whether special tokens that rows spell are tokens, not text
 * @param prompts the texts around a row's fields
 * @param maskInputs whether the prompt's own tokens are without loss
 * @param maskOffset where loss begins behind a masked prompt
 * @param maxTuneLength tokens of an example at most
 * @param hfSavePath where the model (with {@code lora}: the adapter) is saved; null for nowhere
 * @param hfSaveSteps steps from one such save to the next; the end always has one
 * @param mergedHfSavePath where the model with the adapter merged in is saved; null for nowhere
 * @param hfUpload the repository on the Hub that each such save goes to; null for none
 * @param mergedHfUpload the same of the merged model
 * @param lora the adapter; null to train all weights
 * @param notices what the user should know of keys that are accepted without effect, a line each
 */
public record TrainConfig(
    String modelNameOrPath,
    Path data,
    @Nullable Path evalData,
    Path dataCacheDir,
    boolean skipBadRows,
    boolean specialTokensInRows,
    PromptTemplate prompts,
    boolean maskInputs,
    LossMask.Offset maskOffset,
    int maxTuneLength,
    @Nullable Path hfSavePath,
    int hfSaveSteps,
    @Nullable Path mergedHfSavePath,
    @Nullable String hfUpload,
    @Nullable String mergedHfUpload,
    TrainerConfig trainer,
    OptimizerConfig optimizer,
    @Nullable LoraSettings lora,
    @JsonIgnore List<String> notices) {

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .defaultPropertyInclusion(
              JsonInclude.Value.construct(
                  JsonInclude.Include.NON_NULL, JsonInclude.Include.NON_NULL))
          .enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .addModule(
              new SimpleModule()
                  .addSerializer(Path.class, new PathText())
                  .addSerializer(LoraTargets.class, new LoraSettings.TargetsText())
                  .addSerializer(BatchSizes.class, new BatchSizesKey.Text())
                  .addSerializer(GradientCheckpointing.class, new GradientCheckpointingKey.Text())
                  .addSerializer(Decay.class, new LrScheduleKey.Text()))
          .build();

  /**
   * Reads a file and the flags that override it.
   *
   * @param file YAML; null for flags alone
   * @param flags {@code --key.path value} or {@code --key.path=value}, as on the command line
   * @param files what paths stand for
   * @throws UserException that names file and line or flag, key, value and what is expected
   */
  public static TrainConfig load(@Nullable Path file, List<String> flags, LocalFiles files)
      throws IOException {
    return load(file, flags, Set.of(), files);
  }

  /**
   * The same for a command with options of its own, one of which a misspelled flag may be meant
   * for.
   *
   * @param options their names, without dashes
   */
  public static TrainConfig load(
      @Nullable Path file, List<String> flags, Set<String> options, LocalFiles files)
      throws IOException {
    var config = read(file, flags, options, files);
    if (config.data.equals(Path.of(""))) {
      throw UserException.usage(
          "%s: the key data is missing. Give the path of a JSON Lines file."
              .formatted(file == null ? "command line" : file));
    }
    return config;
  }

  /**
   * How a file's training reads rows, for others; the file need not name any data. A bad row is an
   * error.
   *
   * @throws UserException as {@link #load} does
   */
  public static RowReader loadRows(Path file, RowReader.Output output, LocalFiles files)
      throws IOException {
    var config = read(file, List.of(), Set.of(), files);
    return new RowReader(config.prompts, output, false, config.specialTokensInRows);
  }

  /**
   * Reads what {@link #toJson} wrote, and flags that override it.
   *
   * @param name of where it stands
   */
  public static TrainConfig ofJson(String name, JsonNode json, List<String> flags, LocalFiles files)
      throws IOException {
    return read(ConfigSource.json(name, json), flags, Set.of(), files);
  }

  private static TrainConfig read(
      @Nullable Path file, List<String> flags, Set<String> options, LocalFiles files)
      throws IOException {
    return read(
        file == null
            ? new ConfigNode.Keys(new LinkedHashMap<>(), "command line")
            : ConfigSource.file(file),
        flags,
        options,
        files);
  }

  private static TrainConfig read(
      ConfigNode.Keys root, List<String> flags, Set<String> options, LocalFiles files)
      throws IOException {
    ConfigSource.addFlags(root, flags);
    var known = new KnownKeys(options);
    var keys = ConfigSection.root(root, known, files);
    var trainer = TrainerConfig.read(keys.section("trainer"));
    var optimizer = OptimizerConfig.read(keys.section("optimizer"), trainer.numTrainSteps());
    var lora = LoraSettings.read(keys);
    var config =
        new TrainConfig(
            keys.text("model_name_or_path", "meta-llama/Llama-2-7b-hf"),
            keys.path("data", ""),
            keys.path("eval_data"),
            keys.path("data_cache_dir", "cache"),
            keys.flag("skip_bad_rows", false),
            keys.flag("special_tokens_in_rows", false),
            PromptsKey.read(keys),
            keys.flag("mask_inputs", true),
            keys.choice("mask_offset", LossMask.Offset.FIXED),
            keys.whole("max_tune_length", 2048, 2),
            keys.path("hf_save_path"),
            keys.whole("hf_save_steps", 1000, 1),
            keys.path("merged_hf_save_path"),
            repository(keys, "hf_upload"),
            repository(keys, "merged_hf_upload"),
            trainer,
            optimizer,
            lora,
            // The last, for by now all that Bayu reads has been asked for.
            notices(known.refuseOthers(root), optimizer, lora));
    if (config.mergedHfSavePath != null && lora == null) {
      throw keys.bad(
          "merged_hf_save_path",
          "there is nothing to merge without a lora section; use hf_save_path.");
    }
    if (trainer.modelAxisSize() > 1
        && (config.trainsBFloat16Weights()
            || optimizer.adamW(lora == null).moments() != AdamW.Moments.F32)) {
      throw keys.bad(
          "trainer",
          "model_axis_size above 1 is possible with optimizer.state: f32 and optimizer.weights: f32"
              + " only. Leave it or the other key out.");
    }
    if (trainer.evalPredictions() > 0 && config.evalData == null) {
      throw keys.bad(
          "trainer", "eval_predictions needs the rows of eval_data. Give that, or leave it out.");
    }
    if (trainer.initializeFrom() != null && config.initialAdapter() != null) {
      throw keys.bad(
          "lora",
          "the adapter would come from two places, trainer.initialize_from and"
              + " lora.initialize_from. Leave one of them out.");
    }
    return config;
  }

  private static List<String> notices(
      List<String> others, OptimizerConfig optimizer, @Nullable LoraSettings lora) {
    var notices = new ArrayList<>(others);
    if (lora != null) {
      notices.addAll(optimizer.withoutEffectOnAdapter());
    }
    return List.copyOf(notices);
  }

  /** The name of a repository to upload to; Levanter's false is none. */
  private static @Nullable String repository(ConfigSection keys, String key) {
    var text = keys.text(key);
    if (text == null || text.equalsIgnoreCase("false")) {
      return null;
    }
    if (text.equalsIgnoreCase("true")) {
      throw keys.bad(
          key, "true would be the base model's own repository; write the name of yours, org/name.");
    }
    return text;
  }

  /** The same with another section {@code trainer}. */
  public TrainConfig withTrainer(TrainerConfig other) {
    return new TrainConfig(
        modelNameOrPath,
        data,
        evalData,
        dataCacheDir,
        skipBadRows,
        specialTokensInRows,
        prompts,
        maskInputs,
        maskOffset,
        maxTuneLength,
        hfSavePath,
        hfSaveSteps,
        mergedHfSavePath,
        hfUpload,
        mergedHfUpload,
        other,
        optimizer,
        lora,
        notices);
  }

  /** The same with another name of the run. */
  public TrainConfig withId(String id) {
    return withTrainer(trainer.withId(id));
  }

  /**
   * The whole configuration, defaults too, as YAML that {@link #load} reads back to its equal.
   *
   * @param files what paths stand for
   */
  public String toYaml(LocalFiles files) {
    try {
      return YAML.writer().withAttribute(LocalFiles.class, files).writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a configuration is always writable", e);
    }
  }

  /** The whole configuration as a tree, in the form of {@link #toYaml}. */
  public JsonNode toJson(LocalFiles files) {
    try (var json = new TokenBuffer(YAML, false)) {
      YAML.writer().withAttribute(LocalFiles.class, files).writeValue(json, this);
      return YAML.readTree(json.asParser());
    } catch (IOException e) {
      throw new IllegalStateException("a configuration is always writable", e);
    }
  }

  /**
   * How a data file becomes tokens.
   *
   * @param file {@link #data} or {@link #evalData}
   * @param maxPositions the longest sequence that the model is meant for
   */
  public TokenCache.Source source(Path file, LlamaTokenizer tokenizer, int maxPositions) {
    return new TokenCache.Source(
        file,
        new RowReader(prompts, RowReader.Output.REQUIRED, skipBadRows, specialTokensInRows),
        tokenizer,
        LengthLimit.of(maxTuneLength, maxPositions));
  }

  /**
   * What of the model is trained.
   *
   * @param adapter the folder of {@link #initialAdapter}; null without one
   */
  public Adaptation adaptation(@Nullable Path adapter) {
    return lora == null ? Adaptation.allWeights(optimizer.weightType()) : lora.adaptation(adapter);
  }

  /** Whether all weights are trained, and held in BF16. */
  public boolean trainsBFloat16Weights() {
    return lora == null && optimizer.weightType() == DType.BF16;
  }

  /** What the run computes. */
  public TrainSettings settings() {
    return new TrainSettings(
        trainer.numTrainSteps(),
        trainer.trainBatchSize(),
        optimizer.scheduleSettings(),
        optimizer.adamW(lora == null),
        optimizer.maxGradNorm(),
        trainer.mp().compute(),
        lossMask(),
        trainer.seed(),
        trainer.stepsPerEval(),
        new TrainSettings.MicroBatchSettings(
            trainer.perDeviceParallelism() < 0 ? Integer.MAX_VALUE : trainer.perDeviceParallelism(),
            trainer.maxTokensPerMicrobatch(),
            trainer.gradientCheckpointing(),
            trainer.prefixSharing(),
            trainer.sums()),
        trainer.crashOnNan());
  }

  /** The adapter that the run goes on from, a folder or a name; null without one. */
  public @Nullable String initialAdapter() {
    return lora == null || lora.initializeFrom() == null ? null : lora.initializeFrom().toString();
  }

  /** Which weights the run trains, and what to write to train the others: a line for the user. */
  public String kind() {
    if (lora == null) {
      return "All weights are trained, because there is no lora section. To train a LoRA adapter in"
          + " their place, write lora: {} (on the command line --lora '{}').";
    }
    var adapter =
        lora.initializeFrom() == null
            ? "an adapter of rank " + lora.r()
            : "the adapter in " + lora.initializeFrom();
    return "LoRA: "
        + adapter
        + " is trained, and the model's own weights stay as they are. To train all weights, leave"
        + " the section lora out.";
  }

  /** Which positions have loss. */
  public LossMask lossMask() {
    return new LossMask(maskInputs, maskOffset);
  }

  private static final class PathText extends JsonSerializer<Path> {
    @Override
    public void serialize(Path path, JsonGenerator out, SerializerProvider provider)
        throws IOException {
      var files = (LocalFiles) provider.getAttribute(LocalFiles.class);
      out.writeString(Objects.requireNonNull(files).text(path));
    }
  }
}
