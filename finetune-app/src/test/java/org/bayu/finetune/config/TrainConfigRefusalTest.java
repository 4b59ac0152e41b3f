package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Set;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.junit.jupiter.api.Test;

/** What a configuration cannot say, and how that is told. */
class TrainConfigRefusalTest extends ConfigFiles {
  @Test
  void aModelIsDividedAsAWholeWithItsStateInF32() {
    assertFlagRefused("--trainer.model_axis_size=2", "tensor_parallel_axes: [mlp, heads]");
    assertRefused(
        "{data: t, trainer: {model_axis_size: 2, tensor_parallel_axes: [mlp]}}",
        "trainer.model_axis_size",
        "divides these two and nothing else");
    for (var optimizer : List.of("state: 8bit", "weights: bf16")) {
      assertRefused(
          "{data: t, trainer: {model_axis_size: 2, tensor_parallel_axes: [heads, mlp]}, optimizer:"
              + " {"
              + optimizer
              + "}}",
          "optimizer.state: f32 and optimizer.weights: f32 only");
    }
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
    assertRefused("{data: t, lora: {other: 1}}", "docs/configuration.md lists the keys");
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
    assertFlagRefused("--trainer.gradient_checkpointing=maybe", "auto, true, false or a number");
    assertFlagRefused("--trainer.gradient_sums=ranks", "micro_batches or processes");
    assertFlagRefused("--trainer.gradient_checkpointing=-1", "auto, true, false or a number");
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
  void mergingNeedsAnAdapter() {
    assertFlagRefused("--merged_hf_save_path=m", "hf_save_path");
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
}
