package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.bayu.remote.standin.InMemoryGs;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StoredFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tutorial's two files as they stand, with a small model behind the name of Llama 2 and buckets
 * in memory: fewer steps and rows, and nothing else, is changed.
 */
class TutorialFilesTest {
  private static final String MODEL = "meta-llama/Llama-2-7b-hf";

  @TempDir private Path folder;
  private StandInHub hub;

  @BeforeEach
  void start() throws IOException {
    InMemoryGs.install();
    var rows = new StringBuilder();
    for (var row = 0; row < 6; row++) {
      rows.append(
          "{\"instruction\": \"Parse.\", \"input\": \"game %s\", \"output\": \"inform(name[%s])\"}\n"
              .formatted(row, row));
    }
    Files.writeString(
        gs("levanter-data/fine-tuning/gem-viggo/GEM_viggo_train.jsonl"), rows.toString());
    hub = new StandInHub();
    var model = SmallModel.in(folder);
    try (var files = Files.list(model)) {
      for (var file : (Iterable<Path>) files::iterator) {
        var name = file.getFileName().toString();
        var content = Files.readAllBytes(file);
        if (name.equals("config.json")) { // the tutorial's template is longer than 64 tokens
          content =
              Files.readString(file)
                  .replaceAll("(max_position_embeddings\" *: *)64", "$11024")
                  .getBytes(StandardCharsets.UTF_8);
        }
        hub.model(MODEL).add(name, new StoredFile(content, name.endsWith(".safetensors")));
      }
    }
    hub.model(MODEL).commit();
  }

  @AfterEach
  void stop() throws IOException {
    hub.close();
  }

  private static Path gs(String name) {
    return Path.of(URI.create("gs://" + name));
  }

  private CommandLineRun train(String file, String... saves) {
    var arguments = new Object[saves.length + 5];
    arguments[0] = "train";
    arguments[1] = "--config_path=" + TestFiles.project("examples/" + file);
    arguments[2] = "--trainer.num_train_steps=2";
    arguments[3] = "--trainer.train_batch_size=2";
    arguments[4] = "--trainer.output_dir=" + folder.resolve("runs");
    System.arraycopy(saves, 0, arguments, 5, saves.length);
    var environment =
        Map.of(
            "HF_ENDPOINT",
            hub.url(),
            "HF_HUB_CACHE",
            folder.resolve("hub").toString(),
            "BAYU_CACHE",
            folder.resolve("bayu-cache").toString(),
            "NETRC",
            folder.resolve("none").toString(),
            "WANDB_CONFIG_DIR",
            folder.resolve("none").toString());
    var run = CommandLineRun.of(environment, arguments);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return run;
  }

  private List<Path> written(String part) throws IOException {
    try (var files = Files.walk(folder.resolve("runs"))) {
      return files.filter(file -> file.toString().contains(part)).toList();
    }
  }

  @Test
  void theAdaptersFileRunsAsItStands() throws IOException {
    var run =
        train(
            "viggo-lora.yaml",
            "--trainer.id=x",
            "--hf_save_path=gs://somewhere/llama2/",
            "--merged_hf_save_path=gs://levanter-checkpoints/llama2/llama2_7b_viggo_lora");
    assertTrue(run.err().contains(MODEL + " at commit "), run.err());
    var adapter = gs("somewhere/llama2/x/step-2");
    assertTrue(Files.exists(adapter.resolve("adapter_model.safetensors")), run.err());
    var config =
        new JsonMapper().readTree(Files.readString(adapter.resolve("adapter_config.json")));
    assertEquals(MODEL, config.path("base_model_name_or_path").textValue());
    assertEquals(8, config.path("r").intValue());
    var merged = gs("levanter-checkpoints/llama2/llama2_7b_viggo_lora/x/step-2");
    assertTrue(Files.exists(merged.resolve("model.safetensors")), run.err());
    try (var cache = Files.list(gs("levanter-data/tokenized/GEM_viggo_lora/"))) {
      assertEquals(1, cache.count());
    }
    assertEquals(1, written(".wandb").size());
    assertTrue(run.out().contains("Adapter: gs://somewhere/llama2/x/step-2"), run.out());
    var resolved = Files.readString(folder.resolve("runs/x/config.yaml"));
    assertTrue(
        resolved.contains("data: gs://levanter-data/fine-tuning/gem-viggo/GEM_viggo_train.jsonl\n"),
        resolved);
    assertTrue(resolved.contains("model_name_or_path: " + MODEL + "\n"), resolved);
  }

  @Test
  void theFullWeightsFileRunsAsItStands() throws IOException {
    var run = train("viggo-full.yaml", "--trainer.id=y", "--hf_save_path=gs://somewhere/full");
    assertFalse(run.err().contains("LoRA:"), run.err());
    assertTrue(Files.exists(gs("somewhere/full/y/step-2/model.safetensors")), run.err());
    try (var cache = Files.list(gs("levanter-data/tokenized/GEM_viggo_llama/"))) {
      assertEquals(1, cache.count());
    }
    assertEquals(1, written(".wandb").size());
  }
}
