package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.UserException;
import org.bayu.lora.LoraTargets;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.Decay;
import org.bayu.train.BatchSizes;
import org.bayu.train.GradientCheckpointing;
import org.bayu.train.LossMask;
import org.bayu.train.data.PromptTemplate;
import org.junit.jupiter.api.Test;

class TrainConfigTest extends ConfigFiles {
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
        gradient_sums: processes
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
        model_axis_size: 2
        tensor_parallel_axes: [mlp, heads]
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
        weights: bf16
        state: 8bit
      lora:
        r: 4
        alpha: 16
        dropout: 0.1
        target_modules: [q_proj, v_proj]
        initialize_from: adapter
      """;

  private static final LoraTargets ALL = new LoraTargets.AllLinears();

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
            "f32",
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
            "micro_batches",
            1000,
            null,
            Path.of("runs"),
            CheckpointerConfig.DEFAULT,
            null,
            null,
            null,
            true,
            null,
            1,
            null,
            null,
            true,
            0),
        config.trainer());
  }

  @Test
  void theResolvedConfigurationReadsBackToItsEqual() throws IOException {
    for (var yaml :
        List.of(
            "data: t",
            EVERYTHING,
            "{data: t, lora: {target_modules: '[qv]_'}}",
            "{data: t, trainer: {initialize_from: a, load_checkpoint: false}}",
            "{data: t, trainer: {gradient_checkpointing: 12}}")) {
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
