package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.bayu.remote.standin.InMemoryGs;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands whose files are all in a bucket, by the real provider, with its service in memory. */
class BucketRunTest {
  private static final String CONFIG =
      """
      data: gs://bucket/rows.jsonl
      data_cache_dir: gs://bucket/cache
      model_name_or_path: gs://bucket/small
      hf_save_path: gs://bucket/saves
      hf_save_steps: 4
      lora: {r: 2, dropout: 0.25}
      trainer:
        num_train_steps: 6
        train_batch_size: 2
        output_dir: gs://bucket/runs
        checkpointer: {base_path: gs://bucket/checkpoints, keep: [{every: 1}]}
      optimizer: {learning_rate: 1e-2}
      """;

  @TempDir private Path folder;
  private final Map<String, String> environment = new HashMap<>(CommandLineRun.OFFLINE);
  private KilledRuns local;

  @BeforeEach
  void fillTheBucket() throws IOException {
    InMemoryGs.install();
    local = new KilledRuns(folder);
    for (var name : List.of("small", "rows.jsonl")) {
      try (var files = Files.walk(folder.resolve(name))) {
        for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
          Files.write(there(folder.relativize(file).toString()), Files.readAllBytes(file));
        }
      }
    }
    Files.writeString(there("small/pytorch_model.bin"), "not read");
    Files.writeString(there("f.yaml"), CONFIG);
    machine("first");
  }

  private static Path there(String name) {
    return Path.of(URI.create("gs://bucket/")).resolve(name);
  }

  /** Goes to a machine that has nothing of the bucket yet. */
  private void machine(String name) {
    environment.put("BAYU_CACHE", folder.resolve(name).toString());
  }

  private CommandLineRun run(Object... args) {
    return CommandLineRun.of(environment, args);
  }

  private CommandLineRun done(Object... args) {
    var run = run(args);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    for (var text : List.of(run.out(), run.err())) {
      assertFalse(text.contains("buckets/gs"), text);
    }
    return run;
  }

  private CommandLineRun trained() {
    return done("train", "--config_path=gs://bucket/f.yaml", "--trainer.id=x");
  }

  private static List<String> names(String name) throws IOException {
    try (var entries = Files.list(there(name))) {
      return entries.map(each -> each.getFileName().toString()).sorted().toList();
    }
  }

  private void assertIsTheLocalRun() throws IOException {
    assertArrayEquals(
        Files.readAllBytes(local.saves().resolve("x/step-6/adapter_model.safetensors")),
        Files.readAllBytes(there("saves/x/step-6/adapter_model.safetensors")));
    var copy = Files.createDirectories(local.run("copy"));
    Files.write(copy.resolve("metrics.jsonl"), Files.readAllBytes(there("runs/x/metrics.jsonl")));
    assertEquals(local.numbers("x"), local.numbers("copy"));
  }

  @Test
  void aRunInABucketGoesOnOnAnotherMachineToTheSameBits() throws IOException {
    local.trained("--trainer.id=x", "--hf_save_path=" + local.saves(), "--hf_save_steps=4");
    var run = trained();
    assertTrue(run.out().contains("Adapter: gs://bucket/saves/x/step-6"), run.out());
    assertIsTheLocalRun();
    assertEquals(List.of("step-4", "step-6"), names("saves/x"));
    assertTrue(Files.exists(there("saves/x/step-6/.bayu-complete")));
    assertFalse(Files.exists(folder.resolve("first/buckets/gs/bucket/saves/x/step-6")));
    assertFalse(Files.exists(folder.resolve("first/buckets/gs/bucket/small/pytorch_model.bin")));
    assertEquals(1, names("cache").size());
    var yaml = Files.readString(there("runs/x/config.yaml"));
    assertTrue(yaml.contains("output_dir: gs://bucket/runs"), yaml);
    assertTrue(Files.readString(there("runs/x/run.json")).contains("gs://bucket/saves/x/step-6"));
    assertTrue(trained().out().contains("the adapter is in gs://bucket/saves/x/step-6"));

    // Killed after the third checkpoint, while the fourth was uploaded; the machine is lost.
    Files.delete(there("runs/x/run.json"));
    for (var step : List.of("step-5", "step-6")) {
      for (var file : names("checkpoints/x/" + step)) {
        Files.delete(there("checkpoints/x/" + step + "/" + file));
      }
    }
    for (var file : List.of("checksums.json", "checkpoint.json", ".bayu-complete")) {
      Files.delete(there("checkpoints/x/step-4/" + file));
    }
    machine("second");
    var again = done("train", "--config_path=gs://bucket/f.yaml");
    assertTrue(again.err().contains("Going on with the unfinished run x."), again.err());
    assertTrue(
        again.err().contains("gs://bucket/checkpoints/x/step-4: this checkpoint is passed over"),
        again.err());
    assertTrue(
        again.err().contains("Going on after step 3 from gs://bucket/checkpoints/x/step-3."),
        again.err());
    assertIsTheLocalRun();
    assertEquals(1, names("cache").size());
    assertTrue(Files.exists(there("checkpoints/x/step-4/checksums.json")));
    assertFalse(Files.exists(folder.resolve("second/buckets/gs/bucket/checkpoints/x/step-2")));

    machine("third");
    var table = done("runs", "gs://bucket/runs").out();
    assertTrue(table.matches("(?s).*x +ended +6/6 .*step-6.*"), table);
  }

  @Test
  void otherCommandsReadAndWriteBuckets() throws IOException {
    local.trained("--trainer.id=x", "--hf_save_path=" + local.saves());
    var adapter = local.saves().resolve("x/step-6");
    var merge =
        new Object[] {
          "merge",
          "--model=gs://bucket/small",
          "--adapter=" + adapter,
          "--output=gs://bucket/merged"
        };
    assertTrue(done(merge).err().contains("Saved the merged model to gs://bucket/merged"));
    assertTrue(names("merged").containsAll(List.of("config.json", "model.safetensors")));
    assertEquals(
        "bayu: --output: gs://bucket/merged exists already. Choose another one.",
        run(merge).sentence(ExitCode.USAGE));
    var texts = Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"a row\"}\n");
    assertEquals(
        done("tokenize", "--tokenizer=" + local.model(), "--input=" + texts).out(),
        done("tokenize", "--tokenizer=gs://bucket/merged/", "--input=" + texts.toUri()).out());
    assertFalse(Files.exists(folder.resolve("first/buckets/gs/bucket/merged/model.safetensors")));
    done(
        "evaluate",
        "--model=gs://bucket/merged",
        "--data=gs://bucket/rows.jsonl",
        "--max_new_tokens=1",
        "--output=gs://bucket/evaluation");
    assertTrue(names("evaluation").contains("evaluation.json"));
    var missing = run("evaluate", "--model=gs://bucket/none", "--data=d", "--output=o");
    assertTrue(missing.sentence(ExitCode.INPUT_FILE).contains("gs://bucket/none"), missing.err());
  }

  @Test
  void whatDoesNotFitIsRefusedBeforeTheWeightsAreFetched() throws IOException {
    var weights = folder.resolve("first/buckets/gs/bucket/small/model.safetensors");
    System.setProperty("bayu.memory", "1m");
    try {
      var run = run("train", "--config_path=gs://bucket/f.yaml", "--trainer.id=x");
      assertEquals(ExitCode.MEMORY, run.exitCode(), run.err());
      System.setProperty("bayu.memory", "4g");
      var plan = done("plan", "--config_path=gs://bucket/f.yaml");
      assertFalse(Files.exists(weights));
      var here =
          done("plan", "--config_path=gs://bucket/f.yaml", "--model_name_or_path=" + local.model());
      assertEquals(here.out(), plan.out());
    } finally {
      System.clearProperty("bayu.memory");
    }
  }

  @Test
  void aMissingProviderIsNamed() {
    var sentence =
        "s3:// paths need bayu-s3.jar beside finetune-app.jar, or on the class path; ./mvnw -f"
            + " optional package makes it.";
    assertEquals(
        "bayu: --data: " + sentence,
        CommandLineRun.of("train", "--data=s3://bucket/rows.jsonl").sentence(ExitCode.USAGE));
    assertEquals(
        "bayu: --input: " + sentence + " Try 'bayu prepare --help'.",
        CommandLineRun.of("prepare", "--format=viggo", "--input=s3://bucket/f", "--output=o")
            .sentence(ExitCode.USAGE));
  }
}
