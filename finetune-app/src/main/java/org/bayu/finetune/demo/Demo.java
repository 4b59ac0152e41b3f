package org.bayu.finetune.demo;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.stream.Collectors;
import org.bayu.finetune.error.ExitCode;
import org.bayu.remote.files.LocalFiles;

/**
 * The tutorial from beginning to end on the base model that is in the jar: runs the commands that a
 * user would type. Two fine-tune it for the task (all weights, and LoRA), the last ones compare the
 * three models.
 */
public final class Demo {
  /** In tokens; those of ViGGO's rows have about 200 at most. */
  private static final int LONGEST_ANSWER = 300;

  /** Runs one of Bayu's commands. */
  @FunctionalInterface
  public interface Commands {
    /** Does what the command line would, and returns its exit code. */
    int run(String... arguments);
  }

  private final DemoFiles files;
  private final DemoData data;
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
      DemoData data,
      DemoPlan plan,
      Path folder,
      LocalFiles local,
      Commands commands,
      PrintWriter progress) {
    this.files = new DemoFiles(folder, local.text(folder), plan);
    this.data = data;
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
    begin();
    var times = new HashMap<String, Duration>();
    for (var step : steps()) {
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
    new DemoReport(files, data.title(), times, since(start)).print(results);
    return ExitCode.DONE;
  }

  /** Makes what no command makes. */
  private void begin() throws IOException {
    progress.println(
        "Writing the base model, its task and two configurations to " + files.folder() + ".");
    data.write(files); // first: a file that is not there leaves no folder
    BaseModel.write(files.baseModel());
    files.writeConfigurations();
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

  private List<Step> steps() {
    var steps = new ArrayList<Step>();
    data.commands(files).forEach(command -> steps.add(new Step("prepare", command)));
    for (var run : DemoFiles.RUNS) {
      steps.add(Step.of("train " + run, "train", "--config_path", files.config(run)));
    }
    steps.add(evaluate("base", List.of("--model", files.baseModel())));
    steps.add(evaluate("full", List.of("--model", files.fullModel(), "--run", files.run("full"))));
    steps.add(
        evaluate(
            "lora",
            List.of(
                "--model",
                files.baseModel(),
                "--adapter",
                files.adapter(),
                "--run",
                files.run("lora"))));
    return steps;
  }

  private Step evaluate(String name, List<Object> model) {
    var arguments = new ArrayList<Object>(List.of("evaluate"));
    arguments.addAll(model);
    arguments.addAll(
        List.of(
            "--data",
            files.rows("validation"),
            "--output",
            files.evaluation(name),
            "--max_new_tokens",
            LONGEST_ANSWER));
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
