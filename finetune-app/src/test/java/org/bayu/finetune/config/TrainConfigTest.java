package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Decay;
import org.bayu.train.BatchSizes;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.LossMask;
import org.bayu.train.data.PromptTemplate;
import org.bayu.train.data.RowReader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainConfigTest {
  /** The tutorial's LoRA file, as it stands there. */
  private static final String TUTORIAL_LORA =
      """
      data: "gs://levanter-data/fine-tuning/gem-viggo/GEM_viggo_train.jsonl"
      data_cache_dir: "gs://levanter-data/tokenized/GEM_viggo_lora/"
      trainer:
        wandb:
          project: "levanter"
          tags: ["viggo", "llama", "lora"]

        mp: p=f32,c=bfloat16
        train_batch_size: 128
        num_train_steps: 120  # 5103 examples / 128 batch size * 3 epochs
        tensor_parallel_axes: ["mlp", "heads"]
      optimizer:
        learning_rate: 3e-4
        weight_decay: 0.1
      lora:
        r: 8  # rank of LoRA transform
        alpha: 8.0  # scaling factor for LoRA transform
        dropout: 0.0  # dropout probability for LoRA layers
      """;

  /** Every key, none with its default. */
  private static final String EVERYTHING =
      """
      model_name_or_path: models/tiny
      data: train.jsonl
      eval_data: valid.jsonl
      data_cache_dir: tokens
      skip_bad_rows: yes
      special_tokens_in_rows: true
      prompts:
        prompt_input: "  {instruction}: {input}\\n\\nno\\n"
        prompt_no_input: "{instruction}\\t# {{}} é\\r\\n "
      mask_inputs: false
      mask_offset: tutorial
      max_tune_length: 77
      hf_save_path: saves
      hf_save_steps: 5
      merged_hf_save_path: merged
      trainer:
        id: "007"
        seed: -9223372036854775808
        mp: p=bf16,c=f16,o=f32
        num_train_steps: 120
        train_batch_size: 3
        per_device_parallelism: 2
        max_tokens_per_microbatch: 100
        gradient_checkpointing: true
        prefix_sharing: false
        steps_per_eval: 4
        max_eval_batches: 9
        output_dir: out
        checkpointer:
          base_path: points
          save_interval: 1h30m
          keep: [{every: 10, until: 50}, {every: 100}]
        load_checkpoint: true
        load_checkpoint_path: points/before/step-7
        crash_on_nan: false
        wandb: {entity: e, project: p, name: "null", tags: [a, "true"], id: i, group: g, mode: offline, resume: allow, save_code: false, save_xla_dumps: true}
        tensor_parallel_axes: [mlp]
        tracker: [{type: tensorboard, logdir: logs, write_to_disk: false}, {type: json_logger}]
        report: false
        eval_predictions: 7
      optimizer:
        learning_rate: 1.5e-5
        weight_decay: 0.05
        beta1: 0.8
        beta2: 0.999
        epsilon: 1e-6
        max_grad_norm: null
        lr_schedule: {type: inv_sqrt, timescale: 50}
        min_lr_ratio: 0.2
        warmup: 10
        decay: 0.5
        rewarmup: 0.25
        cooldown: 30
        cycles: 3
        state: 8bit
      lora:
        r: 4
        alpha: 16
        dropout: 0.1
        target_modules: [q_proj, v_proj]
        initialize_from: adapter
      """;

  private static final LoraTargets ALL = new LoraTargets.AllLinears();

  @TempDir Path folder;

  private TrainConfig load(String yaml, String... flags) throws IOException {
    return TrainConfig.load(
        Files.writeString(folder.resolve("run.yaml"), yaml), List.of(flags), TestFiles.HERE);
  }

  private void assertRefused(String yaml, List<String> flags, String... parts) {
    var e = assertThrows(UserException.class, () -> load(yaml, flags.toArray(String[]::new)));
    assertEquals(ExitCode.USAGE, e.exitCode());
    var message = String.valueOf(e.getMessage());
    assertEquals(1, message.lines().count(), message);
    for (var part : parts) {
      assertTrue(message.contains(part), message);
    }
  }

  private void assertRefused(String yaml, String... parts) {
    assertRefused(yaml, List.of(), parts);
  }

  private void assertFlagRefused(String flag, String... parts) {
    assertRefused("data: train.jsonl", List.of(flag), parts);
  }

  @Test
  void theTutorialsLoraFileRunsWithOnlyPathsChanged() throws IOException {
    var config = load(TUTORIAL_LORA, "--data", "train.jsonl", "--data_cache_dir=cache");
    assertEquals(Path.of("train.jsonl"), config.data());
    assertEquals(new MixedPrecision(DType.F32, DType.BF16, DType.BF16), config.trainer().mp());
    assertEquals(new BatchSizes(128), config.trainer().trainBatchSize());
    assertEquals(120, config.trainer().numTrainSteps());
    assertEquals(List.of("mlp", "heads"), config.trainer().tensorParallelAxes());
    assertEquals(3e-4, config.optimizer().learningRate());
    assertEquals(new LoraSettings(8, 8.0, 0.0, ALL, null), config.lora());
    assertEquals(List.of(), config.notices());
    assertEquals("levanter", Objects.requireNonNull(config.trainer().wandbTracker()).project());
  }

  @Test
  void theTutorialsFullWeightFileRunsWithOnlyPathsChanged() throws IOException {
    var config =
        load(
            """
            data: train.jsonl
            data_cache_dir: cache/
            trainer:
              wandb:
                project: "levanter"
                tags: ["viggo", "llama", "full-weight"]
              mp: p=f32,c=bfloat16
              train_batch_size: 128
              num_train_steps: 80  # 5103 examples / 128 batch size * 2 epochs
              tensor_parallel_axes: ["mlp", "heads"]
            optimizer:
              learning_rate: 2E-5
            """);
    assertEquals(2e-5, config.optimizer().learningRate());
    assertEquals(80, config.trainer().numTrainSteps());
    assertNull(config.lora());
  }

  @Test
  void whatIsNotSaidHasLevantersDefault() throws IOException {
    var config = load("data: train.jsonl");
    assertEquals("meta-llama/Llama-2-7b-hf", config.modelNameOrPath());
    assertEquals(PromptTemplate.ALPACA, config.prompts());
    assertEquals(LossMask.DEFAULT, config.lossMask());
    assertEquals(2048, config.maxTuneLength());
    assertEquals(1000, config.hfSaveSteps());
    assertNull(config.hfSavePath());
    assertNull(config.lora());
    assertEquals(List.of(), config.notices());
    assertEquals(
        new OptimizerConfig(
            6e-4,
            0.1,
            0.9,
            0.95,
            1e-8,
            1.0,
            new Decay.Cosine(1),
            0.1,
            0.01,
            null,
            0,
            0,
            List.of(),
            "f32"),
        config.optimizer());
    assertEquals(
        new TrainerConfig(
            null,
            0,
            MixedPrecision.F32,
            400_000,
            new BatchSizes(512),
            -1,
            null,
            GradientCheckpointing.AUTO,
            true,
            1000,
            null,
            Path.of("runs"),
            CheckpointerConfig.DEFAULT,
            null,
            null,
            null,
            true,
            null,
            null,
            null,
            true,
            0),
        config.trainer());
  }

  @Test
  void anEmptyLoraSectionHasItsDefaultsAndAnAdapterToGoOnFromSaysItsOwn() throws IOException {
    assertEquals(new LoraSettings(8, 8.0, 0.0, ALL, null), load("{data: t, lora: {}}").lora());
    assertEquals(
        new LoraSettings(null, 2.0, 0.0, ALL, Path.of("a")),
        load("{data: t, lora: {initialize_from: a, alpha: 2}}").lora());
    var lora = load("{data: t, lora: {target_modules: '.*_proj'}}").lora();
    assertEquals(
        new LoraTargets.Expression(".*_proj"), Objects.requireNonNull(lora).targetModules());
  }

  @Test
  void anAdapterKeepsItsOptimizerStateInF32AndALineSaysSo() throws IOException {
    var all = load("{data: t, optimizer: {state: 8BIT}}");
    assertEquals(AdamW.Moments.EIGHT_BIT, all.settings().adamW().moments());
    assertEquals(List.of(), all.notices());
    var adapter = load("{data: t, optimizer: {state: 8bit}, lora: {}}");
    assertEquals(AdamW.Moments.F32, adapter.settings().adamW().moments());
    assertEquals(
        List.of(
            "optimizer.state: 8bit has no effect, because a LoRA adapter's state is small and stays"
                + " f32."),
        adapter.notices());
    assertFlagRefused("--optimizer.state=4bit", "'4bit'", "one of 8bit, f32");
  }

  @Test
  void anAdapterToGoOnFromIsNotContradicted() throws IOException {
    var names = new LoraTargets.Names(List.of("v_proj", "q_proj"));
    var stored = new LoraConfig(4, 16, 0.5, names, true);
    for (var agreeing :
        List.of("", "r: 4", "alpha: 16", "target_modules: [q_proj, v_proj]", "dropout: 0.1")) {
      var lora = load("{data: t, lora: {initialize_from: a, " + agreeing + "}}").lora();
      var dropout = agreeing.startsWith("dropout") ? 0.1 : 0;
      assertEquals(stored.withDropout(dropout), Objects.requireNonNull(lora).goOnFrom(stored));
    }
    for (var other : List.of("r: 8", "alpha: 8", "target_modules: [q_proj]")) {
      var lora =
          Objects.requireNonNull(
              load("{data: t, lora: {initialize_from: a, " + other + "}}").lora());
      var e = assertThrows(UserException.class, () -> lora.goOnFrom(stored));
      assertEquals(ExitCode.USAGE, e.exitCode());
      var key = "lora." + other.substring(0, other.indexOf(':'));
      assertTrue(String.valueOf(e.getMessage()).startsWith(key), e::getMessage);
    }
  }

  @Test
  void theResolvedConfigurationReadsBackToItsEqual() throws IOException {
    for (var yaml :
        List.of(
            "data: t",
            EVERYTHING,
            "{data: t, lora: {target_modules: '[qv]_'}}",
            "{data: t, trainer: {initialize_from: a, load_checkpoint: false}}")) {
      var config = load(yaml);
      assertEquals(
          config, load(config.toYaml(TestFiles.HERE)), () -> config.toYaml(TestFiles.HERE));
    }
    var everything = load(EVERYTHING);
    assertEquals(Duration.ofMinutes(90), everything.trainer().checkpointer().saveInterval().time());
    assertEquals(List.of(30, 60), everything.optimizer().cycles());
    assertEquals(0, everything.optimizer().maxGradNorm());
    assertTrue(
        everything.toYaml(TestFiles.HERE).contains("num_train_steps: 120"),
        () -> everything.toYaml(TestFiles.HERE));
  }

  @Test
  void everyKeyIsReadAndNotItsDefault() throws IOException {
    var defaults = leaves(load("data: t").toYaml(TestFiles.HERE));
    var everything = leaves(load(EVERYTHING).toYaml(TestFiles.HERE));
    for (var key : defaults.keySet()) {
      assertNotEquals(defaults.get(key), everything.get(key), key);
    }
  }

  private static Map<String, String> leaves(String yaml) throws IOException {
    var leaves = new TreeMap<String, String>();
    addLeaves(new YAMLMapper().readTree(yaml), "", leaves);
    return leaves;
  }

  private static void addLeaves(JsonNode node, String path, Map<String, String> leaves) {
    if (node.isValueNode()) {
      leaves.put(path, node.asText());
    }
    node.properties().forEach(e -> addLeaves(e.getValue(), path + "/" + e.getKey(), leaves));
    for (var i = 0; node.isArray() && i < node.size(); i++) {
      addLeaves(node.get(i), path + "/" + i, leaves);
    }
  }

  @Test
  void flagsOverrideTheFileAndAddWhatItLacks() throws IOException {
    var config =
        load(
            TUTORIAL_LORA,
            "--data=a=b.jsonl",
            "--data_cache_dir",
            "cache",
            "--trainer.num_train_steps",
            "10",
            "--trainer.num_train_steps=20",
            "--trainer.per_device_parallelism",
            "-1",
            "--skip_bad_rows",
            "--mask_inputs",
            "false",
            "--lora.target_modules",
            "[q_proj, \"v_proj\"]",
            "--optimizer.max_grad_norm",
            "null",
            "--trainer.checkpointer.save_interval=90",
            "--trainer.wandb.project",
            "mine");
    assertEquals(Path.of("a=b.jsonl"), config.data());
    assertEquals(20, config.trainer().numTrainSteps());
    assertTrue(config.skipBadRows());
    assertEquals(LossMask.Offset.FIXED, config.maskOffset());
    assertEquals(new LossMask(false, LossMask.Offset.FIXED), config.lossMask());
    assertEquals(
        new LoraTargets.Names(List.of("q_proj", "v_proj")),
        Objects.requireNonNull(config.lora()).targetModules());
    assertEquals(0, config.optimizer().maxGradNorm());
    assertEquals(Duration.ofSeconds(90), config.trainer().checkpointer().saveInterval().time());
    assertEquals("mine", Objects.requireNonNull(config.trainer().wandb()).project());
    assertEquals(
        List.of("viggo", "llama", "lora"), Objects.requireNonNull(config.trainer().wandb()).tags());
  }

  @Test
  void flagsAloneAreAConfiguration() throws IOException {
    var config =
        TrainConfig.load(null, List.of("--data", "t.jsonl", "--lora.r", "4"), TestFiles.HERE);
    assertEquals(new LoraSettings(4, 8.0, 0.0, ALL, null), config.lora());
    var e =
        assertThrows(UserException.class, () -> TrainConfig.load(null, List.of(), TestFiles.HERE));
    assertTrue(String.valueOf(e.getMessage()).contains("data is missing"), e::getMessage);
  }

  @Test
  void anUnknownKeyIsNamedWithItsPlaceAndTheNearestKnownOne() {
    assertRefused(
        "data: t\ntrainer:\n  seed: 1\n  num_train_step: 5\n",
        "run.yaml, line 4",
        "trainer.num_train_step ",
        "mean trainer.num_train_steps?");
    assertRefused("dta: t", "line 1", "dta", "mean data?");
    assertRefused("{data: t, learning_rate: 1}", "mean optimizer.learning_rate?");
    assertRefused("{data: t, trainer: {max_grad_norm: 1}}", "mean optimizer.max_grad_norm?");
    assertRefused("{data: t, optimiser: {beta1: 0}}", "optimiser", "mean optimizer?");
    assertRefused(
        "{data: t, trainer: {checkpointer: {keep: [{each: 3}]}}}",
        "trainer.checkpointer.keep.each",
        "mean trainer.checkpointer.keep.every?");
    assertRefused("{data: t, prompts: {input: a, prompt_input: b, prompt_no_input: c}}", "prompts");
    assertRefused("{data: t, trainer: {wandb: {projct: a}}}", "mean trainer.wandb.project?");
    assertRefused(
        "{data: t, trainer: {tracker: {type: wandb, projct: a}}}", "mean trainer.tracker.project?");
    assertFlagRefused("--lora.rang=3", "--lora.rang is not known. Did you mean --lora.r?");
  }

  @Test
  void aKeyThatOthersCallOtherwiseIsNamed() {
    assertFlagRefused("--lr=1", "--lr is not known. Did you mean --optimizer.learning_rate?");
    assertFlagRefused("--batch-size=1", "mean --trainer.train_batch_size?");
    assertFlagRefused("--num_train_epochs=1", "--trainer.num_train_steps (epochs × rows ÷ ");
    assertFlagRefused("--model=m", "mean --model_name_or_path?");
    assertRefused("{data: t, lora: {rank: 4}}", "line 1: the key lora.rank", "mean lora.r?");
    assertRefused("{data: t, trainer: {bf16: true}}", "mean trainer.mp?");
    assertRefused("{data: t, " + "x".repeat(200) + ": 1}", "docs/configuration.md lists the keys");
  }

  @Test
  void aFlagMayBeAMisspelledOptionOfTheCommand() {
    var flags = List.of("--profil");
    var options = Set.of("profile", "config_path");
    var e =
        assertThrows(
            UserException.class, () -> TrainConfig.load(null, flags, options, TestFiles.HERE));
    assertEquals("--profil is not known. Did you mean --profile?", e.getMessage());
    var config = List.of("--config", "run.yaml");
    e =
        assertThrows(
            UserException.class, () -> TrainConfig.load(null, config, options, TestFiles.HERE));
    assertEquals("--config is not known. Did you mean --config_path?", e.getMessage());
  }

  @Test
  void aWrongValueIsNamedWithKeyPlaceAndWhatIsExpected() {
    assertRefused(
        "data: t\ntrainer:\n  num_train_steps: ten\n",
        "run.yaml, line 3: trainer.num_train_steps: 'ten', where a whole number of at least 1 is"
            + " expected.");
    assertFlagRefused(
        "--trainer.num_train_steps=0",
        "--trainer.num_train_steps: '0', where a whole number of at least 1 is expected.");
    assertFlagRefused("--trainer.num_train_steps=1.5", "'1.5', where a whole number");
    assertFlagRefused("--trainer.num_train_steps", "'true', where a whole number");
    assertFlagRefused("--trainer.train_batch_size=3000000000", "3000000000");
    assertFlagRefused("--trainer.seed=x", "'x'", "whole number");
    assertFlagRefused("--trainer.id=a/b", "'a/b'", "letters, digits");
    assertFlagRefused("--trainer.id=..", "'..'");
    assertFlagRefused("--trainer.mp=f8", "'f8'", "bfloat16");
    assertFlagRefused("--trainer.mp=q=f32", "'q=f32'");
    assertFlagRefused("--trainer.mp=p=f32,", "'p=f32,'");
    assertFlagRefused("--trainer.per_device_parallelism=0", "-1 or a whole number");
    assertFlagRefused("--trainer.gradient_checkpointing=maybe", "one of auto, true, false");
    assertFlagRefused("--trainer.checkpointer.save_interval=soon", "'soon'", "15m");
    assertFlagRefused("--trainer.checkpointer.save_interval=0s", "'0s'");
    assertFlagRefused("--trainer.checkpointer.keep=[{every: 5}, {every: 6}]", "no 'until'");
    assertFlagRefused("--trainer.checkpointer.keep=[{every: 5, until: 9}, {until: 9}]", "10");
    assertFlagRefused("--trainer.tensor_parallel_axes=mlp", "'mlp'", "a list");
    assertFlagRefused("--mask_inputs=maybe", "'maybe'", "true or false");
    assertFlagRefused("--mask_offset=levanter", "one of fixed, tutorial");
    assertFlagRefused("--optimizer.learning_rate=fast", "'fast'", "a number of at least 0");
    assertFlagRefused("--optimizer.learning_rate=-1", "'-1'");
    assertFlagRefused("--optimizer.learning_rate=NaN", "'NaN'");
    assertFlagRefused("--optimizer.learning_rate=1e999", "'1e999'");
    assertFlagRefused("--optimizer.beta2=1", "'1'", "below 1");
    assertFlagRefused("--optimizer.min_lr_ratio=1.1", "from 0 to 1");
    assertFlagRefused("--optimizer.warmup=1.5", "a fraction from 0 to 1 or a whole number");
    assertFlagRefused("--optimizer.cycles=[5, 5]", "5 follows 5");
    assertFlagRefused("--optimizer.cycles=500000", "the steps that there are (400000)");
    assertFlagRefused("--optimizer.cycles=[400001]", "optimizer: a cycle begins at step 400001");
    assertFlagRefused(
        "--optimizer.lr_schedule=exp", "constant, linear, cosine, inv, inv_sqrt, power");
    assertFlagRefused("--optimizer.warmup=400001", "optimizer: warm-up");
    assertFlagRefused("--optimizer=adam", "'adam'", "a section");
    assertFlagRefused("--data=[a]", "a list, where text is expected");
    assertFlagRefused("--lora.target_modules=*", "--lora.target_modules", "regular expression");
    assertFlagRefused("--lora.target_modules=[]", "empty list");
    assertFlagRefused("--lora.dropout=1", "below 1");
    assertFlagRefused("--max_tune_length=1", "at least 2");
    assertRefused("data: t\nlora:\n  # r: 8\n", "line 2", "lora: {}");
  }

  @Test
  void aRunGoesOnBeginsAnewOrDecidesByWhatIsThere() throws IOException {
    assertNull(load("{data: t, trainer: {load_checkpoint: null}}").trainer().loadCheckpoint());
    assertEquals(
        false, load("{data: t, trainer: {load_checkpoint: no}}").trainer().loadCheckpoint());
    assertEquals(true, load("data: t", "--trainer.load_checkpoint").trainer().loadCheckpoint());
    assertEquals(
        Path.of("step-3"),
        load("data: t", "--trainer.load_checkpoint_path=step-3").trainer().loadCheckpointPath());
    var trainer = load("data: t", "--trainer.initialize_from=step-3").trainer();
    assertEquals(Path.of("step-3"), trainer.initializeFrom());
    assertTrue(trainer.crashOnNan());
    assertFalse(load("data: t", "--trainer.crash_on_nan=false").trainer().crashOnNan());
  }

  @Test
  void checkpointsToGoOnFromDoNotContradictEachOther() {
    var path = "--trainer.load_checkpoint_path=a";
    assertRefused(
        "data: t",
        List.of(path, "--trainer.load_checkpoint=false"),
        "--trainer.load_checkpoint_path");
    assertRefused(
        "data: t", List.of(path, "--trainer.initialize_from=b"), "initialize_from says nothing");
    assertRefused(
        "data: t",
        List.of("--trainer.initialize_from=a", "--lora.initialize_from=b"),
        "from two places");
  }

  @Test
  void checkpointsAreInTheRunsFolderOrInOneOfItsNameUnderTheirOwn() throws IOException {
    var run = Path.of("runs/x");
    assertEquals(run.resolve("checkpoints"), CheckpointerConfig.DEFAULT.folder("x", run));
    var other = load("data: t", "--trainer.checkpointer.base_path=points").trainer();
    assertEquals(Path.of("points/x"), other.checkpointer().folder("x", run));
  }

  @Test
  void aRunSaysWhetherItTrainsAnAdapterOrAllWeightsAndWhatToWriteForTheOther() throws IOException {
    var full = load("data: t").kind();
    assertTrue(full.startsWith("All weights are trained"), full);
    assertTrue(full.contains("lora: {}") && full.contains("--lora '{}'"), full);
    assertTrue(load("data: t", "--lora", "{}").kind().startsWith("LoRA: an adapter of rank 8"));
    assertTrue(load("data: t", "--lora.r=4").kind().contains("rank 4"));
    var goingOn = load("data: t", "--lora.initialize_from=before").kind();
    assertTrue(goingOn.contains("the adapter in before is trained"), goingOn);
    assertTrue(goingOn.contains("leave the section lora out"), goingOn);
  }

  @Test
  void mergingNeedsAnAdapter() {
    assertFlagRefused("--merged_hf_save_path=m", "hf_save_path");
  }

  @Test
  void aFileSystemThatIsNotInstalledIsNamed() throws IOException {
    assertRefused("data: hdfs://host/rows.jsonl", "line 1: data: hdfs://", "not installed");
    var tutorial = load(TUTORIAL_LORA);
    assertEquals(
        "gs://levanter-data/fine-tuning/gem-viggo/GEM_viggo_train.jsonl",
        TestFiles.HERE.text(tutorial.data()));
    assertTrue(
        tutorial.toYaml(TestFiles.HERE).contains("data: gs://levanter-data/"),
        tutorial.toYaml(TestFiles.HERE));
    var file = folder.resolve("train.jsonl");
    assertEquals(file, load("data: " + file.toUri()).data());
    assertEquals(file, load("data: file://" + file).data());
  }

  @Test
  void malformedYamlIsNamedWithItsLine() {
    assertRefused("data: t\n  x: [", "run.yaml, line ", "not YAML");
    assertRefused("data: 'open\n", "not YAML");
    assertRefused("data: a\ndata: b\n", "line 2", "twice");
    assertRefused("- data\n", "a list, where 'key: value' lines");
    assertRefused("just text", "'just text', where 'key: value' lines");
    assertRefused("data: a\n---\ndata: b\n", "second document");
    assertRefused("data: !include x.yaml\n", "tag");
    assertRefused("{data: &a t, eval_data: *a}", "alias (*a)");
    assertRefused("", "data is missing");
    assertRefused("data: t", List.of("positional"), "'positional' is no flag");
    assertRefused("data: t", List.of("run.yaml"), "write --config_path before the path");
    for (var empty : List.of("--", "--=1", "--.a", "--a..b=1", "--lora.", "---a")) {
      assertRefused("data: t", List.of(empty), "is no flag");
    }
    assertFlagRefused(
        "--trainer.tensor_parallel_axes=[a", "--trainer.tensor_parallel_axes", "YAML");
  }

  @Test
  void aMissingOrUnreadableFileIsNamed() throws IOException {
    var none = folder.resolve("none.yaml");
    var e =
        assertThrows(UserException.class, () -> TrainConfig.load(none, List.of(), TestFiles.HERE));
    assertEquals(ExitCode.USAGE, e.exitCode());
    assertTrue(String.valueOf(e.getMessage()).contains("none.yaml: no such file"), e::getMessage);
    var latin1 = Files.write(folder.resolve("latin1.yaml"), new byte[] {'#', (byte) 0xe9});
    e =
        assertThrows(
            UserException.class, () -> TrainConfig.load(latin1, List.of(), TestFiles.HERE));
    assertTrue(String.valueOf(e.getMessage()).contains("not UTF-8"), e::getMessage);
  }

  @Test
  void aFileThatHasOnlyPromptsSaysThem() throws IOException {
    var file = folder.resolve("prompts.yaml");
    Files.writeString(file, "prompts: {prompt_input: 'a{input}', prompt_no_input: b}");
    assertEquals(
        new RowReader(new PromptTemplate("a{input}", "b"), RowReader.Output.OPTIONAL, false, false),
        TrainConfig.loadRows(file, RowReader.Output.OPTIONAL, TestFiles.HERE));
    Files.writeString(file, "prompt: {prompt_input: 'a{input}', prompt_no_input: b}");
    var e =
        assertThrows(
            UserException.class,
            () -> TrainConfig.loadRows(file, RowReader.Output.OPTIONAL, TestFiles.HERE));
    assertTrue(String.valueOf(e.getMessage()).contains("mean prompts?"), e::getMessage);
  }

  @Test
  void promptsMayStandInAJsonFile() throws IOException {
    var file = folder.resolve("prompts.json");
    Files.writeString(file, "{\"prompt_input\": \"a{input}\", \"prompt_no_input\": \"b\"}");
    assertEquals(
        new PromptTemplate("a{input}", "b"), load("{data: t, prompts: " + file + "}").prompts());
    for (var bad : List.of("{\"prompt_input\": \"a\"}", "{", "{\"prompt_input\": 1}", "[]", "")) {
      Files.writeString(file, bad);
      var e = assertThrows(UserException.class, () -> load("{data: t, prompts: " + file + "}"));
      assertEquals(ExitCode.INPUT_FILE, e.exitCode());
      assertTrue(String.valueOf(e.getMessage()).contains("prompts.json"), e::getMessage);
    }
    assertRefused("{data: t, prompts: {prompt_input: a}}", "prompts: both texts");
    assertRefused(
        "{data: t, prompts: {prompt_input: 'a{', prompt_no_input: b}}", "prompts: prompt_input");
  }

  @Test
  void aRunHasANameOnlyIfItIsGivenOne() throws IOException {
    assertNull(load("data: t").trainer().id());
    assertEquals("007", load(EVERYTHING).trainer().runId());
    var named = load("data: t").withId("x");
    assertEquals("x", named.trainer().runId());
    assertEquals(
        load("data: t", "--trainer.id=x").toYaml(TestFiles.HERE), named.toYaml(TestFiles.HERE));
    var id = RunId.random();
    assertTrue(id.matches("[a-z0-9]{8}"), id);
    assertNotEquals(id, RunId.random());
  }
}
