package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tutorial's steps as commands, on a small real model; and what each says to bad input. */
class TutorialTest {
  private static final String ROW =
      "{\"instruction\": \"Parse.\", \"input\": \"Tim has a dog.\", \"output\":"
          + " \"has(who[Tim])\"}\n";

  @TempDir private Path folder;
  private Path model;
  private Path data;

  @BeforeEach
  void prepare() throws IOException {
    model = TestFiles.shared("stories260K");
    data = folder.resolve("rows.jsonl");
    Files.writeString(data, ROW + ROW.replace("dog", "red ball") + ROW.replace("Tim", "Lily"));
  }

  private CommandLineRun train(Object... more) {
    var fixed =
        new Object[] {
          "train",
          "--data",
          data,
          "--data_cache_dir",
          folder.resolve("cache"),
          "--model_name_or_path",
          model,
          "--trainer.output_dir",
          folder.resolve("runs"),
          "--trainer.num_train_steps",
          3,
          "--trainer.train_batch_size",
          4,
          "--optimizer.learning_rate",
          "1e-3"
        };
    var all = Arrays.copyOf(fixed, fixed.length + more.length);
    System.arraycopy(more, 0, all, fixed.length, more.length);
    return CommandLineRun.of(all);
  }

  private static JsonNode logits(Object... options) throws IOException {
    var all = new Object[options.length + 3];
    all[0] = "logits";
    all[1] = "--tokens";
    all[2] = "1,403,407";
    System.arraycopy(options, 0, all, 3, options.length);
    var run = CommandLineRun.of(all);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return new ObjectMapper().readTree(run.out());
  }

  private static double distance(JsonNode a, JsonNode b) {
    var distance = 0.0;
    for (var i = 0; i < a.size(); i++) {
      for (var j = 0; j < a.get(i).size(); j++) {
        var difference = a.get(i).get(j).doubleValue() - b.get(i).get(j).doubleValue();
        distance = Math.max(distance, Math.abs(difference));
      }
    }
    return distance;
  }

  @Test
  void anAdapterIsTrainedMergedAndEvaluated() throws IOException {
    var saves = folder.resolve("saves");
    var run =
        train(
            "--lora.r",
            4,
            "--trainer.id",
            "one",
            "--trainer.mp",
            "p=f32,c=bfloat16",
            "--hf_save_path",
            saves,
            "--merged_hf_save_path",
            folder.resolve("merged"));
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var adapter = saves.resolve("one/step-3");
    var trained = logits("--model", model, "--adapter", adapter);
    assertTrue(distance(logits("--model", model), trained) > 1e-3);
    // W + scale·BA is rounded to binary32 once more: 2.4e-5 of logits up to 20 in float64's eyes.
    assertEquals(
        0, distance(trained, logits("--model", folder.resolve("merged/one/step-3"))), 1e-4);

    var metrics = Files.readAllLines(folder.resolve("runs/one/metrics.jsonl"));
    assertEquals(3, metrics.size());
    assertTrue(new ObjectMapper().readTree(metrics.getLast()).has("train/loss"));

    var again = folder.resolve("again");
    var merge =
        CommandLineRun.of("merge", "--model", model, "--adapter", adapter, "--output", again);
    assertEquals(ExitCode.DONE, merge.exitCode(), merge.err());
    assertEquals(0, distance(trained, logits("--model", again)), 1e-4);

    var results = folder.resolve("results");
    var evaluate =
        CommandLineRun.of(
            "evaluate",
            "--model",
            model,
            "--adapter",
            adapter,
            "--data",
            data,
            "--output",
            results,
            "--max_new_tokens",
            8);
    assertEquals(ExitCode.DONE, evaluate.exitCode(), evaluate.err());
    assertEquals(adapter + " on " + model, evaluate.out().lines().toList().getFirst());
    assertEquals(3, Files.readAllLines(results.resolve("predictions.jsonl")).size());
    assertTrue(Files.exists(results.resolve("evaluation.json")));
    var second =
        CommandLineRun.of("evaluate", "--model", model, "--data", data, "--output", results);
    assertTrue(second.sentence(ExitCode.USAGE).contains("holds an evaluation already"));
  }

  @Test
  void everyWeightIsTrainedAndSaved() throws IOException {
    var run =
        train(
            "--trainer.id", "all", "--hf_save_path", folder.resolve("saves"), "--eval_data", data);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    var saved = folder.resolve("saves/all/step-3");
    assertTrue(distance(logits("--model", model), logits("--model", saved)) > 1e-3);
    assertTrue(Files.exists(saved.resolve("tokenizer.model")));
    var again = train("--trainer.id", "all");
    assertEquals(ExitCode.DONE, again.exitCode(), again.err());
    assertEquals(
        "The run all has ended after 3 steps; the model is in %s. There is nothing left to do.\n"
            .formatted(saved),
        again.out());
    var other = train("--trainer.id", "all", "--trainer.seed", "5");
    assertTrue(
        other
            .sentenceOfRun(ExitCode.USAGE)
            .contains("holds a run already with other settings: trainer.seed was 0 and is 5."),
        other.err());
  }

  @Test
  void aStoryGoesOn() {
    var run =
        CommandLineRun.of(
            "generate",
            "--model",
            model,
            "--prompt",
            "Once upon a time",
            "--max_new_tokens",
            8,
            "--compute",
            "f32");
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertEquals(", there was a little girl", run.out().strip().replaceAll(" named.*", ""));
  }

  @Test
  void rowsHaveTheTemplateOfTheConfiguration() throws IOException {
    var config =
        Files.writeString(
            folder.resolve("run.yaml"),
            "{data: rows.jsonl, prompts: {prompt_input: Once upon a time, prompt_no_input: x}}");
    var results = folder.resolve("results");
    var evaluate = run("evaluate", "--config_path", config, "--data", data, "--output", results);
    assertEquals(ExitCode.DONE, evaluate.exitCode(), evaluate.err());
    var prediction = Files.readAllLines(results.resolve("predictions.jsonl")).getFirst();
    assertTrue(prediction.contains("there was a little girl"), prediction);

    var generate = run("generate", "--prompts", data, "--config_path", config);
    assertEquals(ExitCode.DONE, generate.exitCode(), generate.err());
    var answer = new ObjectMapper().readTree(generate.out().lines().toList().getFirst());
    assertEquals("Once upon a time", answer.get("prompt").textValue());
    assertTrue(answer.get("output").textValue().contains("there was a little girl"));

    var raw = run("generate", "--prompt", "x", "--config_path", config);
    assertEquals(ExitCode.USAGE, raw.exitCode(), raw.err());
  }

  @Test
  void aTemplateThatCannotBeReadIsNamedInASentence() throws IOException {
    var nowhere = folder.resolve("nowhere.yaml");
    var results = folder.resolve("results");
    var missing = run("evaluate", "--config_path", nowhere, "--data", data, "--output", results);
    assertTrue(missing.sentence(ExitCode.USAGE).contains(nowhere + ": no such file"));
    var config = Files.writeString(folder.resolve("run.yaml"), "{data: t, prompts: {input: a}}");
    var bad = run("generate", "--prompts", data, "--config_path", config);
    assertTrue(bad.sentence(ExitCode.USAGE).contains("prompts"), bad.err());
    assertFalse(Files.exists(results));
  }

  /** A command that lets the model answer, in F32 and with a few tokens. */
  private CommandLineRun run(String command, Object... options) {
    var all = new ArrayList<Object>(List.of(command, "--model", model));
    all.addAll(List.of("--compute", "f32", "--max_new_tokens", 8));
    all.addAll(List.of(options));
    return CommandLineRun.of(all.toArray());
  }

  @Test
  void whatWouldFailAtTheEndIsRefusedAtTheBeginning() throws IOException {
    var file = Files.writeString(folder.resolve("file"), "");
    assertTrue(train("--hf_save_path", file).err().contains("is not a folder that can"));
    var taken = Files.createDirectories(folder.resolve("saves/x/step-3"));
    var run = train("--trainer.id", "x", "--hf_save_path", folder.resolve("saves"));
    assertEquals(ExitCode.USAGE, run.exitCode());
    assertTrue(run.err().contains(taken + " exists already"), run.err());
    assertFalse(Files.exists(folder.resolve("runs")));
  }

  @Test
  void badInputIsNamedInASentence() throws IOException {
    var nowhere = folder.resolve("nowhere");
    assertEquals(
        ExitCode.INPUT_FILE,
        CommandLineRun.of("logits", "--model", nowhere, "--tokens", 1).exitCode());
    var token = CommandLineRun.of("logits", "--model", model, "--tokens", "1,512");
    assertTrue(token.sentence(ExitCode.USAGE).contains("token 512 is not in the vocabulary"));
    var adapter =
        CommandLineRun.of("logits", "--model", model, "--adapter", nowhere, "--tokens", 1);
    assertEquals(ExitCode.INPUT_FILE, adapter.exitCode(), adapter.err());
    Files.writeString(data, ROW + "{\"instruction\": 3}\n");
    var row = train("--hf_save_path", folder.resolve("saves"));
    assertEquals(ExitCode.INPUT_FILE, row.exitCode(), row.err());
    assertTrue(row.err().contains(data + ", line 2"), row.err());
    assertFalse(Files.exists(folder.resolve("runs")));
    var cold =
        CommandLineRun.of("generate", "--model", model, "--prompt", "x", "--temperature", -1);
    assertTrue(cold.sentence(ExitCode.USAGE).contains("temperature must be 0 or more"));
  }
}
