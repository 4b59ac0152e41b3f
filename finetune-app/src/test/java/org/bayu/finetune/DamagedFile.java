package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.bayu.finetune.error.ExitCode;

/** A file of a kind that Bayu reads, and a command that reads it. */
final class DamagedFile {
  private final String kind;
  private final Path file;
  private final byte[] whole;
  private final Object[] command;

  private DamagedFile(String kind, Path file, Object[] command) throws IOException {
    this.kind = kind;
    this.file = file;
    this.whole = Files.readAllBytes(file);
    this.command = command;
  }

  String kind() {
    return kind;
  }

  /** Damages the file, runs the command and mends the file. */
  CommandLineRun damaged(SplittableRandom random) throws IOException {
    Files.write(file, new Damage(random).of(whole));
    try {
      return CommandLineRun.of(command);
    } finally {
      Files.write(file, whole);
    }
  }

  /** Files of every kind, made in the folder. */
  static List<DamagedFile> all(Path folder) throws IOException {
    var files = new ArrayList<DamagedFile>();
    var rows = copied("rows.jsonl", folder);
    var texts =
        Files.writeString(folder.resolve("texts.jsonl"), "{\"text\": \"a <s>h\u00e9 is\"}\n");

    var config = copied("config.json", folder);
    var model = folder.resolve("model");
    done("init", "--config", config, "--output", model);
    copy(TestFiles.golden("tokenizer/legacy"), model, "tokenizer.json", "tokenizer_config.json");
    Object[] logits = {"logits", "--model", model, "--tokens", "1,2,3"};
    files.add(of(model.resolve("config.json"), logits));
    files.add(of(model.resolve("model.safetensors"), logits));
    Files.writeString(
        model.resolve("generation_config.json"), "{\"eos_token_id\": [2, 9], \"do_sample\": true}");
    files.add(
        of(
            model.resolve("generation_config.json"),
            "generate",
            "--model",
            model,
            "--prompt",
            "he is",
            "--max_new_tokens",
            2));

    var sharded = folder.resolve("sharded");
    Files.createDirectories(sharded);
    try (var all = Files.list(TestFiles.golden("llama3-scaling"))) {
      for (var file : all.toList()) {
        Files.copy(file, sharded.resolve(file.getFileName().toString()));
      }
    }
    files.add(
        of(
            sharded.resolve("model.safetensors.index.json"),
            "logits",
            "--model",
            sharded,
            "--tokens",
            "1,2"));

    for (var name : List.of("legacy", "byte-level", "metaspace", "sentencepiece")) {
      var tokenizer = folder.resolve(name);
      Files.createDirectories(tokenizer);
      var file = name.equals("sentencepiece") ? "tokenizer.model" : "tokenizer.json";
      copy(TestFiles.golden("tokenizer/" + name), tokenizer, file, "tokenizer_config.json");
      Object[] tokenize = {"tokenize", "--tokenizer", tokenizer, "--input", texts};
      files.add(of(name + " ", tokenizer.resolve(file), tokenize));
      files.add(of(name + " ", tokenizer.resolve("tokenizer_config.json"), tokenize));
      Files.writeString(tokenizer.resolve("added_tokens.json"), "{\"<tool>\": 500}");
      files.add(of(name + " ", tokenizer.resolve("added_tokens.json"), tokenize));
    }
    files.add(of(texts, "tokenize", "--tokenizer", folder.resolve("legacy"), "--input", texts));

    var adapted = folder.resolve("adapted");
    var adapter = folder.resolve("adapter");
    Files.createDirectories(adapted);
    Files.createDirectories(adapter);
    copy(TestFiles.golden("llama2"), adapted, "config.json", "model.safetensors");
    copy(
        TestFiles.project("lora/src/test/resources/golden/all-linear"),
        adapter,
        "adapter_config.json",
        "adapter_model.safetensors");
    Object[] adapt = {"logits", "--model", adapted, "--adapter", adapter, "--tokens", "1,2"};
    files.add(of(adapter.resolve("adapter_config.json"), adapt));
    files.add(of(adapter.resolve("adapter_model.safetensors"), adapt));

    Object[] preview = {
      "preview", "--model_name_or_path", model, "--data", rows, "--data_cache_dir", "", "-n", 1
    };
    preview[6] = folder.resolve("cache");
    files.add(of(rows, preview));
    var gzip = folder.resolve("rows.jsonl.gz");
    try (var out = new GZIPOutputStream(Files.newOutputStream(gzip))) {
      Files.copy(rows, out);
    }
    files.add(of(gzip, with(preview, 4, gzip)));
    var prompts =
        Files.writeString(
            folder.resolve("prompts.json"),
            "{\"prompt_input\": \"{instruction} {input}:\", \"prompt_no_input\":"
                + " \"{instruction}\"}");
    files.add(of(prompts, more(preview, "--prompts", prompts)));
    var yaml = copied("run.yaml", folder);
    files.add(of(yaml, more(preview, "--config_path", yaml)));
    Object[] plan = preview.clone();
    plan[0] = "plan";
    plan = more(Arrays.copyOf(plan, 7), "--trainer.num_train_steps", 3);
    done(plan);
    try (var cached = Files.list(folder.resolve("cache"))) {
      for (var file : cached.filter(Files::isRegularFile).toList()) {
        files.add(new DamagedFile("token cache", file, plan));
      }
    }
    var csv = copied("viggo.csv", folder);
    files.add(
        of(csv, "prepare", "--format", "viggo", "--input", csv, "--output", folder.resolve("o")));
    return files;
  }

  private static DamagedFile of(Path file, Object... command) throws IOException {
    return of("", file, command);
  }

  private static DamagedFile of(String kind, Path file, Object... command) throws IOException {
    done(command);
    return new DamagedFile(kind + file.getFileName(), file, command);
  }

  private static void done(Object... command) {
    var run = CommandLineRun.of(command);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
  }

  private static Object[] with(Object[] command, int index, Object value) {
    var changed = command.clone();
    changed[index] = value;
    return changed;
  }

  private static Object[] more(Object[] command, Object... more) {
    return Stream.concat(Stream.of(command), Stream.of(more)).toArray();
  }

  private static Path copied(String seed, Path folder) throws IOException {
    return Files.copy(TestFiles.seed(seed), folder.resolve(seed));
  }

  private static void copy(Path from, Path to, String... names) throws IOException {
    for (var name : names) {
      Files.copy(from.resolve(name), to.resolve(name));
    }
  }
}
