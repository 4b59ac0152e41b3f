package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.bayu.finetune.error.ExitCode;
import org.bayu.tensor.io.StagedPath;

/**
 * Runs of six steps on a small model, with a checkpoint after each step, and what is left of them
 * when they are killed.
 */
final class KilledRuns {
  static final int STEPS = 6;

  /** Five rows of different lengths: a batch of two ends no epoch but every second one. */
  private static final int ROWS = 5;

  private final Path folder;
  private final Path model;

  KilledRuns(Path folder) throws IOException {
    this.folder = folder;
    model = SmallModel.in(folder);
    rows(rows(), "");
  }

  Path rows() {
    return folder.resolve("rows.jsonl");
  }

  /** Writes rows whose prompts begin so. */
  static void rows(Path file, String beginning) throws IOException {
    var rows = new StringBuilder();
    for (var row = 0; row < ROWS; row++) {
      rows.append(
          "{\"prompt\": \"%sa row %s\", \"completion\": \"%s\"}\n"
              .formatted(beginning, "x".repeat(row), "yes ".repeat(row + 1)));
    }
    Files.writeString(file, rows);
  }

  Path model() {
    return model;
  }

  Path runs() {
    return folder.resolve("runs");
  }

  Path run(String id) {
    return runs().resolve(id);
  }

  Path checkpoint(String id, int done) {
    return run(id).resolve("checkpoints/step-" + done);
  }

  Path saves() {
    return folder.resolve("saves");
  }

  /** The command line of a run of an adapter; later flags override earlier ones. */
  List<Object> command(Object... more) {
    var all =
        new ArrayList<Object>(
            List.of(
                "train",
                "--data=" + rows(),
                "--data_cache_dir=" + folder.resolve("cache"),
                "--model_name_or_path=" + model,
                "--trainer.output_dir=" + runs(),
                "--trainer.num_train_steps=" + STEPS,
                "--trainer.train_batch_size=2",
                "--trainer.checkpointer.keep=[{every: 1}]",
                "--optimizer.learning_rate=1e-2",
                "--lora.r=2",
                "--lora.dropout=0.25"));
    all.addAll(List.of(more));
    return all;
  }

  /** The same of a run of all weights. */
  List<Object> allWeights(Object... more) {
    var all = command(more);
    all.removeIf(flag -> flag.toString().startsWith("--lora."));
    return all;
  }

  CommandLineRun train(Object... more) {
    return CommandLineRun.of(command(more).toArray());
  }

  /** Trains, and succeeds. */
  CommandLineRun trained(Object... more) {
    var run = train(more);
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    return run;
  }

  /** Makes a run that has ended one that was killed just after the checkpoint of a step. */
  void kill(String id, int done) throws IOException {
    Files.delete(run(id).resolve("run.json"));
    for (var step = done + 1; step <= STEPS; step++) {
      if (Files.exists(checkpoint(id, step))) {
        StagedPath.delete(checkpoint(id, step));
      }
    }
  }

  /** The numbers of a run's steps that do not tell time. */
  List<Map<String, Object>> numbers(String id) throws IOException {
    var steps = new ArrayList<Map<String, Object>>();
    for (var line : Files.readAllLines(run(id).resolve("metrics.jsonl"))) {
      var numbers = new TreeMap<String, Object>();
      new ObjectMapper()
          .readTree(line)
          .properties()
          .forEach(
              each -> {
                if (!each.getKey().matches("throughput/(?!.*tokens$).*|.*per_second")) {
                  numbers.put(each.getKey(), each.getValue());
                }
              });
      steps.add(numbers);
    }
    return steps;
  }

  /** Checksums of a folder's files, by their names in it. */
  static Map<String, String> contents(Path folder) throws IOException {
    var contents = new TreeMap<String, String>();
    try (var files = Files.walk(folder)) {
      for (var file : (Iterable<Path>) files::iterator) {
        if (Files.isRegularFile(file)) {
          var sum = new CRC32C();
          sum.update(Files.readAllBytes(file));
          contents.put(folder.relativize(file).toString(), Files.size(file) + " " + sum.getValue());
        }
      }
    }
    return contents;
  }

  /** Checksums and times of everything in a folder. */
  static Map<String, String> state(Path folder) throws IOException {
    var state = contents(folder);
    try (var files = Files.walk(folder)) {
      for (var file : (Iterable<Path>) files::iterator) {
        state.merge(
            folder.relativize(file).toString(),
            Files.getLastModifiedTime(file).toString(),
            (sum, time) -> sum + " " + time);
      }
    }
    return state;
  }
}
