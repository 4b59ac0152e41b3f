package org.bayu.finetune.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.bayu.finetune.error.ExitCode;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.tokenizer.ByteLevelBpeTrainer;
import org.bayu.remote.files.LocalFiles;

/**
 * The tutorial from beginning to end, on data and a model of its own: makes sentences, a tokenizer
 * and a model of random weights, then runs the commands that a user would type. One trains the base
 * model, two fine-tune it on the changed task (all weights, and LoRA), the last ones compare them.
 */
public final class Demo {
  /** Of sentences and random weights; the configurations have their own. */
  private static final long SEED = 1;

  /** In tokens; those of the grammar have about 50 at most. */
  private static final int LONGEST_ANSWER = 80;

  /** Runs one of Bayu's commands. */
  @FunctionalInterface
  public interface Commands {
    /** Does what the command line would, and returns its exit code. */
    int run(String... arguments);
  }

  private final DemoFiles files;
  private final LocalFiles local;
  private final Commands commands;
  private final PrintWriter progress;

  /**
   * A demo, not yet run.
   *
   * @param folder does not exist yet
   * @param local brings what is made to its bucket, if the folder is in one
   * @param progress takes what is being done
   */
  public Demo(
      DemoSize size, Path folder, LocalFiles local, Commands commands, PrintWriter progress) {
    this.files = new DemoFiles(folder, local.text(folder), size);
    this.local = local;
    this.commands = commands;
    this.progress = progress;
  }

  /**
   * Runs the demo.
   *
   * @param results takes the table, and where everything is
   * @return the exit code of the first command that failed, else {@link ExitCode#DONE}
   */
  public int run(PrintWriter results) throws IOException {
    var start = System.nanoTime();
    var sets = DataSet.all(new TrailSentences(SEED), files.size());
    begin(sets);
    var times = new HashMap<String, Duration>();
    for (var step : steps(sets)) {
      progress.println();
      progress.println("$ ./bayu " + commandLine(step.arguments()));
      var stepStart = System.nanoTime();
      var exitCode = commands.run(step.arguments().toArray(String[]::new));
      if (exitCode != ExitCode.DONE) {
        return exitCode;
      }
      times.put(step.name(), since(stepStart));
    }
    progress.println();
    new DemoReport(files, times, since(start)).print(results);
    return ExitCode.DONE;
  }

  /** Makes what no command makes. */
  private void begin(List<DataSet> sets) throws IOException {
    progress.printf(
        Locale.ROOT,
        "Making %d sentences about hiking trails, a tokenizer and a model of random weights in"
            + " %s.%n",
        sets.stream().mapToInt(set -> set.sentences().size()).sum(),
        files.folder());
    var instruction = DemoFiles.resource("instruction.txt");
    files.writeData(sets, instruction);
    files.writeConfigurations();
    var config = ConfigJson.parse(DemoFiles.resource(files.size().model()));
    var texts =
        sets.stream()
            .filter(set -> set.name().endsWith("train"))
            .flatMap(set -> set.texts(instruction))
            .toList();
    ByteLevelBpeTrainer.train(texts, config.vocabSize(), files.tokenizer());
    InitialModel.write(files.initialModel(), config, files.tokenizer(), SEED);
    try (var made = Files.list(files.folder())) {
      for (var each : (Iterable<Path>) made.sorted()::iterator) {
        local.buckets().publish(each);
      }
    }
  }

  /** A command; the name tells the steps apart. */
  private record Step(String name, List<String> arguments) {
    private static Step of(String name, Object... arguments) {
      return new Step(name, List.of(arguments).stream().map(Object::toString).toList());
    }
  }

  private List<Step> steps(List<DataSet> sets) {
    var steps = new ArrayList<Step>();
    for (var set : sets) {
      steps.add(
          Step.of(
              "prepare " + set.name(),
              "prepare",
              "--format",
              "viggo",
              "--input",
              files.csv(set.name()),
              "--output",
              files.rows(set.name()),
              "--prompt",
              files.instruction()));
    }
    for (var run : DemoFiles.RUNS) {
      steps.add(Step.of("train " + run, "train", "--config_path", files.config(run)));
    }
    steps.add(evaluate("base-task", "base-validation", "--model", files.baseModel()));
    steps.add(evaluate("base", "changed-validation", "--model", files.baseModel()));
    steps.add(evaluate("full", "changed-validation", "--model", files.fullModel()));
    steps.add(
        evaluate(
            "lora",
            "changed-validation",
            "--model",
            files.baseModel(),
            "--adapter",
            files.adapter()));
    return steps;
  }

  private Step evaluate(String name, String data, Object... model) {
    var arguments = new ArrayList<Object>(List.of("evaluate"));
    arguments.addAll(List.of(model));
    arguments.addAll(
        List.of(
            "--data",
            files.rows(data),
            "--output",
            files.evaluation(name),
            "--max_new_tokens",
            LONGEST_ANSWER,
            "--compute",
            "f32"));
    return Step.of("evaluate " + name, arguments.toArray());
  }

  /** The arguments as one types them into a POSIX shell. */
  private static String commandLine(List<String> arguments) {
    return arguments.stream()
        .map(
            argument ->
                argument.matches("[\\w@%+=:,./-]+")
                    ? argument
                    : "'" + argument.replace("'", "'\\''") + "'")
        .collect(Collectors.joining(" "));
  }

  private static Duration since(long nanos) {
    return Duration.ofNanos(System.nanoTime() - nanos);
  }
}
