package org.bayu.finetune;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bayu.finetune.error.ExitCode;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StoredFile;
import org.bayu.tensor.io.StagedPath;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models and adapters by their names on the Hub, in every command that takes a folder. */
class HubCommandsTest {
  private static final String NAME = "org/small";

  @TempDir private Path folder;
  private StandInHub hub;
  private Path rows;
  private String commit = "";

  @BeforeEach
  void start() throws IOException {
    hub = new StandInHub();
    var model = SmallModel.in(folder);
    add(NAME, model);
    commit = hub.model(NAME).commit();
    rows =
        Files.writeString(
            folder.resolve("rows.jsonl"), "{\"prompt\": \"a\", \"completion\": \"b\"}\n".repeat(4));
  }

  @AfterEach
  void stop() throws IOException {
    hub.close();
    System.clearProperty("bayu.memory");
  }

  private void add(String name, Path model) throws IOException {
    try (var files = Files.list(model)) {
      for (var file : (Iterable<Path>) files::iterator) {
        var path = String.valueOf(file.getFileName());
        hub.model(name)
            .add(path, new StoredFile(Files.readAllBytes(file), path.endsWith(".safetensors")));
      }
    }
  }

  private Map<String, String> environment() {
    return Map.of("HF_ENDPOINT", hub.url(), "HF_HUB_CACHE", folder.resolve("hub").toString());
  }

  private CommandLineRun run(Object... args) {
    return CommandLineRun.of(environment(), args);
  }

  private CommandLineRun config(String command, Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of(
                command,
                "--data=" + rows,
                "--data_cache_dir=" + folder.resolve("cache"),
                "--trainer.train_batch_size=2",
                "--trainer.num_train_steps=1",
                "--model_name_or_path=" + NAME));
    all.addAll(List.of(more));
    return run(all.toArray());
  }

  private CommandLineRun train(Object... more) {
    List<Object> all =
        new ArrayList<>(
            List.of(
                "--trainer.output_dir=" + folder.resolve("runs"),
                "--trainer.id=x",
                "--lora={r: 2}",
                "--hf_save_path=" + folder.resolve("saved")));
    all.addAll(List.of(more));
    return config("train", all.toArray());
  }

  private long asked(String part) {
    return hub.server().questions().stream().filter(q -> q.target().contains(part)).count();
  }

  private static void assertDone(CommandLineRun run) {
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
  }

  @Test
  void aModelIsFetchedOnceAndUsedWithoutANetwork() throws IOException {
    var run = run("logits", "--model=" + NAME, "--tokens=1,2");
    assertDone(run);
    var lines = run.err().lines().toList();
    assertTrue(
        lines.getFirst().matches("org/small at commit " + commit + ": .* kB to fetch into .*"),
        run.err());
    assertEquals(
        run.out(), run("logits", "--model=" + folder.resolve("small"), "--tokens=1,2").out());
    hub.close();
    var offline = run("logits", "--model=" + NAME, "--tokens=1,2");
    assertDone(offline);
    assertTrue(offline.err().contains("Going on with what the cache has of org/small"));
    assertEquals(run.out(), offline.out());
  }

  @Test
  void planPreviewAndTokenizeFetchNoWeights() throws IOException {
    System.setProperty("bayu.memory", "4g"); // what is free changes from one plan to the next
    var plan = config("plan", "--lora={r: 2}");
    assertDone(plan);
    assertEquals(
        plan.out(),
        config("plan", "--lora={r: 2}", "--model_name_or_path=" + folder.resolve("small")).out());
    assertDone(config("preview"));
    var texts = Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"a\"}\n");
    assertDone(run("tokenize", "--tokenizer=" + NAME, "--input=" + texts));
    var config = folder.resolve("small.json");
    assertDone(
        run("init", "--config", config, "--output", folder.resolve("new"), "--tokenizer", NAME));
    assertTrue(Files.exists(folder.resolve("new/tokenizer.json")));
    assertTrue(
        hub.server().questions().stream()
            .filter(q -> q.target().contains("model.safetensors") || q.target().contains("/cdn/"))
            .allMatch(q -> q.header("Range").equals(Optional.of("bytes=0-65535"))),
        () -> hub.server().questions().toString());
    assertEquals(1, asked("/cdn/"));
    try (var left = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
      assertTrue(
          left.noneMatch(each -> String.valueOf(each.getFileName()).startsWith("bayu-outline")));
    }
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeTheDownload() {
    System.setProperty("bayu.memory", "1m");
    var run = train();
    assertEquals(ExitCode.MEMORY, run.exitCode(), run.err());
    assertEquals(1, asked("/cdn/"));
    assertTrue(run.err().contains("to fetch into"), run.err());
  }

  @Test
  void aRunGoesOnWithTheCommitThatItBeganWith() throws IOException {
    assertDone(train("--trainer.num_train_steps=2", "--hf_save_steps=9"));
    var adapter = folder.resolve("saved/x/step-2");
    var json = new JsonMapper().readTree(adapter.resolve("adapter_config.json").toFile());
    assertEquals(NAME, json.path("base_model_name_or_path").asText());
    assertTrue(json.path("revision").isNull());
    assertTrue(
        Files.readString(folder.resolve("runs/x/config.yaml"))
            .contains("model_name_or_path: " + NAME + "\n"));
    // main is another model now
    hub.model(NAME).file("config.json", "{}").commit();
    var more = train("--trainer.num_train_steps=3");
    assertDone(more);
    assertTrue(more.err().contains("org/small at commit " + commit), more.err());
    var saved = folder.resolve("again");
    assertDone(run("save", "--checkpoint=" + folder.resolve("runs/x"), "--hf_save_path=" + saved));
    assertTrue(Files.exists(saved.resolve("x/step-3/adapter_config.json")));
  }

  @Test
  void anAdapterHasANameTooAndNamesTheCommitThatWasAskedFor() throws IOException {
    var asked = NAME + "@" + commit;
    assertDone(train("--model_name_or_path=" + asked));
    var adapter = folder.resolve("saved/x/step-1");
    var json = new JsonMapper().readTree(adapter.resolve("adapter_config.json").toFile());
    assertEquals(NAME, json.path("base_model_name_or_path").asText());
    assertEquals(commit, json.path("revision").asText());
    add("org/adapter", adapter);
    hub.model("org/adapter").commit();
    var byName =
        run(
            "generate",
            "--model",
            asked,
            "--adapter",
            "org/adapter",
            "--prompt=a",
            "--max_new_tokens=2");
    assertDone(byName);
    var local =
        run("generate", "--model", asked, "--adapter", adapter, "--prompt=a", "--max_new_tokens=2");
    assertEquals(local.out(), byName.out());
    var goingOn =
        config(
            "train",
            "--trainer.output_dir=" + folder.resolve("runs2"),
            "--lora={initialize_from: org/adapter}");
    assertDone(goingOn);
    var merged = folder.resolve("merged");
    assertDone(run("merge", "--model", NAME, "--adapter", "org/adapter", "--output", merged));
    assertTrue(
        run("logits", "--model", "org/adapter", "--tokens=1")
            .sentence(ExitCode.INPUT_FILE)
            .contains("org/adapter is an adapter, not a model"));
  }

  @Test
  void everyFailureIsOneSentence() throws IOException {
    assertEquals(
        "bayu: There is no folder org/other here. There is no model org/other at 127.0.0.1. If it"
            + " is private, set HF_TOKEN to a token of an account with access.",
        run("logits", "--model=org/other", "--tokens=1").sentence(ExitCode.INPUT_FILE));
    assertEquals(
        "bayu: org/small has no branch, tag or commit of that name (v2).",
        run("logits", "--model=org/small@v2", "--tokens=1").sentence(ExitCode.INPUT_FILE));
    hub.model(NAME).gate();
    assertEquals(
        "bayu: The model org/small is gated: accept its terms at %s/org/small, and set HF_TOKEN to a token of that account."
            .formatted(hub.url()),
        config("plan").err().lines().toList().getLast());
    var offline = CommandLineRun.of("logits", "--model=org/small", "--tokens=1");
    assertEquals(
        "bayu: There is no folder org/small here. HF_HUB_OFFLINE is set, and /nowhere/hub does not"
            + " have the model org/small.",
        offline.sentence(ExitCode.INPUT_FILE));
    var pickle = hub.model("org/pickle").file("config.json", "{}").file("pytorch_model.bin", "");
    pickle.commit();
    assertEquals(
        "bayu: org/pickle has neither model.safetensors nor model.safetensors.index.json. Bayu"
            + " reads weights only from safetensors files.",
        run("logits", "--model=org/pickle", "--tokens=1").sentence(ExitCode.INPUT_FILE));
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void whatIsTrainedIsUploadedWithACard() throws IOException {
    var refused = train("--hf_upload=me/adapter");
    assertTrue(refused.err().contains("An upload to me/adapter needs a token"), refused.err());
    var environment = new HashMap<>(environment());
    environment.put("HF_TOKEN", StandInHub.TOKEN);
    List<Object> all =
        List.of(
            "train",
            "--data=" + rows,
            "--data_cache_dir=" + folder.resolve("cache"),
            "--model_name_or_path=" + NAME,
            "--trainer.output_dir=" + folder.resolve("runs"),
            "--trainer.id=x",
            "--trainer.num_train_steps=2",
            "--trainer.train_batch_size=2",
            "--lora={r: 2}",
            "--hf_save_path=" + folder.resolve("saved"),
            "--hf_save_steps=1",
            "--hf_upload=me/adapter");
    environment.put("HF_TOKEN", "hf_wrong");
    var withLocalModel = new ArrayList<>(all);
    withLocalModel.add("--model_name_or_path=" + folder.resolve("small"));
    withLocalModel.remove("--model_name_or_path=" + NAME);
    var wrong = CommandLineRun.of(environment, withLocalModel.toArray());
    assertEquals(ExitCode.FAILED, wrong.exitCode(), wrong.err());
    assertTrue(
        wrong.err().contains("x/step-1 could not be uploaded. ")
            && wrong.err().contains(" Training goes on."),
        wrong.err());
    StagedPath.delete(folder.resolve("runs"));
    StagedPath.delete(folder.resolve("saved"));
    environment.put("HF_TOKEN", StandInHub.TOKEN);
    var run = CommandLineRun.of(environment, all.toArray());
    assertDone(run);
    assertTrue(run.out().endsWith("Uploaded to " + hub.url() + "/me/adapter\n"), run.out());
    assertEquals(2, asked("/me/adapter/commit/main"));
    assertTrue(run.err().contains("Uploaded to " + hub.url() + "/me/adapter\n"), run.err());
    var uploaded = hub.model("me/adapter");
    var adapter = folder.resolve("saved/x/step-2");
    assertArrayEquals(
        Files.readAllBytes(adapter.resolve("adapter_model.safetensors")),
        uploaded.newest("adapter_model.safetensors").bytes());
    var card = new String(uploaded.newest("README.md").bytes(), UTF_8);
    assertTrue(
        card.startsWith(
            """
            ---
            base_model: org/small
            library_name: peft
            pipeline_tag: text-generation
            tags:
            - base_model:adapter:org/small
            - lora
            - bayu
            ---

            # adapter

            A LoRA adapter of org/small, made with Bayu.

            ## Training

            Data: rows.jsonl
            """),
        card);
    assertTrue(card.contains("| lora.r | 2 |\n"), card);
    assertFalse(card.contains(folder.toString()), card);
    var scores =
        Files.writeString(folder.resolve("evaluation.json"), "{\"rows\": 3, \"overall\": 0.5}");
    var upload =
        CommandLineRun.of(
            environment,
            "upload",
            folder.resolve("small"),
            "me/model",
            "--private",
            "--evaluation=" + scores);
    assertDone(upload);
    card = new String(hub.model("me/model").newest("README.md").bytes(), UTF_8);
    assertTrue(card.contains("library_name: transformers\n"), card);
    assertTrue(card.contains("| overall | 0.5000 |\n"), card);
  }

  /**
   * A data set of two CSV files and one of JSON Lines, in the form of ViGGO's and of train's rows.
   */
  @Test
  void rowsComeFromADataSetByItsName() throws IOException {
    for (var file :
        Map.of(
                "viggo-train-0.csv", "gem_id,meaning_representation,target\n1,a(),one\n",
                "viggo-train-1.csv", "gem_id,meaning_representation,target\n2,b(),two\n",
                "viggo-validation.csv", "gem_id,meaning_representation,target\n3,c(),three\n")
            .entrySet()) {
      hub.dataset("org/viggo").add(file.getKey(), text(file.getValue()));
    }
    hub.dataset("org/viggo").commit();
    var out = folder.resolve("out.jsonl");
    assertDone(run("prepare", "--format=viggo", "--input=org/viggo", "--output=" + out));
    assertEquals(List.of("a()", "b()"), outputs(out));
    assertDone(
        run(
            "prepare",
            "--format=viggo",
            "--input=org/viggo",
            "--split=validation",
            "--output=" + out));
    assertEquals(List.of("c()"), outputs(out));

    hub.dataset("org/rows").add("train.jsonl", text(Files.readString(rows)));
    hub.dataset("org/rows").add("dev.jsonl", text(Files.readString(rows)));
    hub.dataset("org/rows").commit();
    var run = train("--data=org/rows", "--eval_data=org/rows");
    assertDone(run);
    assertTrue(run.err().contains("org/rows at commit "), run.err());
    assertTrue(Files.readString(folder.resolve("runs/x/config.yaml")).contains("data: org/rows\n"));
    assertTrue(Files.readString(folder.resolve("runs/x/metrics.jsonl")).contains("eval/loss"));
    assertDone(config("preview", "--data=org/rows"));
    var missing = config("plan", "--data=org/none");
    assertEquals(ExitCode.INPUT_FILE, missing.exitCode());
    assertTrue(missing.err().contains("There is no file org/none here. "), missing.err());
  }

  private static StoredFile text(String content) {
    return new StoredFile(content.getBytes(StandardCharsets.UTF_8), false);
  }

  private static List<String> outputs(Path file) throws IOException {
    var outputs = new ArrayList<String>();
    for (var line : Files.readAllLines(file)) {
      outputs.add(new JsonMapper().readTree(line).get("output").textValue());
    }
    return outputs;
  }
}
