package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.CheckpointSave;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models and adapters of checkpoints: the bytes that the run itself saved at that step. */
class SaveCommandTest {
  @TempDir private Path folder;
  private KilledRuns runs;
  private Path saves;
  private Path merged;
  private Path out;

  @BeforeEach
  void prepare() throws IOException {
    runs = new KilledRuns(folder);
    saves = runs.saves();
    merged = folder.resolve("merged");
    out = folder.resolve("out");
  }

  private static CommandLineRun save(Object... more) {
    var all = new ArrayList<Object>(List.of("save"));
    all.addAll(List.of(more));
    return CommandLineRun.of(all.toArray());
  }

  private void lora() {
    runs.trained(
        "--trainer.id=x",
        "--hf_save_path=" + saves,
        "--hf_save_steps=2",
        "--merged_hf_save_path=" + merged);
  }

  @Test
  void anAdapterAndAMergedModelAreTheRunsOwn() throws IOException {
    lora();
    var run =
        save(
            "--checkpoint",
            runs.checkpoint("x", 4),
            "--hf_save_path",
            out,
            "--merged_hf_save_path",
            folder.resolve("out2"));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals(
        KilledRuns.contents(saves.resolve("x/step-4")),
        KilledRuns.contents(out.resolve("x/step-4")));
    assertEquals(
        KilledRuns.contents(merged.resolve("x/step-4")),
        KilledRuns.contents(folder.resolve("out2/x/step-4")));
    var newest =
        save("--checkpoint=" + runs.run("x").resolve("checkpoints"), "--hf_save_path=" + out);
    assertEquals(ExitCode.DONE, newest.exitCode(), newest.err());
    assertEquals(
        KilledRuns.contents(saves.resolve("x/step-6")),
        KilledRuns.contents(out.resolve("x/step-6")));
  }

  @Test
  void allWeightsAreTheRunsOwn() throws IOException {
    var command = runs.command("--trainer.id=x", "--hf_save_path=" + saves, "--hf_save_steps=4");
    command.removeIf(each -> each.toString().startsWith("--lora"));
    var run = CommandLineRun.of(command.toArray());
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var save = save("--checkpoint=" + runs.checkpoint("x", 4), "--hf_save_path=" + out);
    assertEquals(ExitCode.DONE, save.exitCode(), save.err());
    assertEquals(
        KilledRuns.contents(saves.resolve("x/step-4")),
        KilledRuns.contents(out.resolve("x/step-4")));
    var refused =
        save("--checkpoint=" + runs.checkpoint("x", 4), "--merged_hf_save_path=" + merged);
    assertTrue(
        refused.sentence(ExitCode.USAGE).contains("trained all weights, so there is nothing"),
        refused.err());
    assertFalse(Files.exists(merged));
  }

  @Test
  void anAdapterOfATiedHeadIsSavedAndNotMerged() throws IOException {
    var small = folder.resolve("small.json");
    var config = Files.readString(small).replace(": false", ": true");
    Files.writeString(small, config);
    var tied = folder.resolve("tied");
    var init =
        CommandLineRun.of("init", "--config", small, "--output", tied, "--tokenizer", runs.model());
    assertEquals(ExitCode.DONE, init.exitCode(), init.err());
    runs.trained(
        "--trainer.id=x", "--model_name_or_path=" + tied, "--lora.target_modules=[lm_head]");
    var refused =
        save(
            "--checkpoint=" + runs.checkpoint("x", 4),
            "--hf_save_path=" + out,
            "--merged_hf_save_path=" + merged);
    assertTrue(
        refused
            .sentence(ExitCode.USAGE)
            .startsWith("bayu: --merged_hf_save_path: lm_head shares its weight with"),
        refused.err());
    assertFalse(Files.exists(out));
    var adapter = save("--checkpoint=" + runs.checkpoint("x", 4), "--hf_save_path=" + out);
    assertEquals(ExitCode.DONE, adapter.exitCode(), adapter.err());
  }

  @Test
  void aBaseThatMovedIsNamedAndAnotherRefused() throws IOException {
    lora();
    var moved = Files.move(runs.model(), folder.resolve("moved"));
    var checkpoint = "--checkpoint=" + runs.checkpoint("x", 4);
    var gone = save(checkpoint, "--hf_save_path=" + out);
    assertTrue(
        gone.sentence(ExitCode.INPUT_FILE).contains("model_name_or_path: " + runs.model()),
        gone.err());
    var run = save(checkpoint, "--hf_save_path=" + out, "--model_name_or_path=" + moved);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var weights = "x/step-4/adapter_model.safetensors";
    assertEquals(-1, Files.mismatch(saves.resolve(weights), out.resolve(weights)));
    var parent = Files.createDirectory(folder.resolve("parent"));
    var other = SmallModel.in(parent, 601);
    var refused = save(checkpoint, "--hf_save_path=" + merged, "--model_name_or_path=" + other);
    assertTrue(
        refused
            .sentence(ExitCode.USAGE)
            .contains(
                other
                    + ": another model than the run began with: the model's vocab_size was 600 and"
                    + " is 601"),
        refused.err());
    assertFalse(Files.exists(merged.resolve("x/step-4/adapter_model.safetensors")));
  }

  @Test
  void whatIsThereIsNotReplacedAndNothingAskedForIsASentence() throws IOException {
    lora();
    var checkpoint = "--checkpoint=" + runs.checkpoint("x", 4);
    var before = KilledRuns.state(saves);
    var exists = save(checkpoint, "--hf_save_path=" + saves);
    assertEquals(
        "bayu: --hf_save_path: "
            + saves.resolve("x/step-4")
            + " exists already. Choose another one.",
        exists.sentence(ExitCode.USAGE));
    assertEquals(before, KilledRuns.state(saves));
    var nothing = save(checkpoint);
    assertEquals(
        "bayu: save: give --hf_save_path or --merged_hf_save_path.",
        nothing.sentence(ExitCode.USAGE));
    var none = save("--checkpoint=" + folder.resolve("nowhere"), "--hf_save_path=" + out);
    assertTrue(
        none.sentence(ExitCode.INPUT_FILE)
            .startsWith("bayu: --checkpoint: there is no folder " + folder.resolve("nowhere")),
        none.err());
    assertEquals(ExitCode.USAGE, save("--hf_save_path=" + out).exitCode());
    assertFalse(Files.exists(out));
  }

  @Test
  void aDamagedCheckpointIsNotSaved() throws IOException {
    lora();
    Files.writeString(runs.checkpoint("x", 4).resolve("parameters.safetensors"), "damaged");
    var one = save("--checkpoint=" + runs.checkpoint("x", 4), "--hf_save_path=" + out);
    assertTrue(
        one.sentence(ExitCode.INPUT_FILE)
            .contains(runs.checkpoint("x", 4) + " is no whole checkpoint: "),
        one.err());
    assertFalse(Files.exists(out));
  }

  @Test
  void aConfigurationWhoseAdapterFitsNoLayerIsRefused() throws IOException {
    runs.trained("--trainer.id=x");
    var flags = List.of("--lora.target_modules=[nothing]");
    try (var models = new Models(Map.of(), new PrintWriter(Writer.nullWriter()))) {
      var refusal =
          assertThrows(
              UserException.class,
              () -> CheckpointSave.open(runs.checkpoint("x", 6), flags, models, _ -> {}));
      assertEquals(ExitCode.USAGE, refusal.exitCode());
      assertTrue(
          String.valueOf(refusal.getMessage())
              .startsWith("lora: target_modules: no linear layer is named \"nothing\"; there are"),
          refusal.getMessage());
    }
  }
}
