package org.bayu.finetune.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bayu.finetune.demo.Demo;
import org.bayu.finetune.demo.DemoSize;
import org.bayu.finetune.model.Models;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** The whole tutorial on data and a model of its own. */
@Command(
    name = "demo",
    description =
        "Show the whole tutorial in a few minutes, offline: make data and a small base model,"
            + " fine-tune it on a changed task with all weights and with LoRA, and compare the"
            + " three.")
final class DemoCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @ParentCommand private CommandRunner runner;

  @Option(
      names = "--output",
      paramLabel = "D",
      description =
          "A new folder for all files. Default: runs/demo, or runs/demo-2 and so on if that"
              + " exists.")
  private @Nullable Path output;

  @Override
  public Integer call() throws IOException {
    var folder = output == null ? firstFree(Path.of("runs")) : output;
    var commandLine = spec.commandLine();
    var err = commandLine.getErr();
    try (var models = new Models(runner.environment(), err)) {
      models
          .outputs()
          .checkNew("--output", folder, "Give a folder that does not exist.", err::println);
      return new Demo(DemoSize.STANDARD, folder, models.files(), commands(runner, err), err)
          .run(commandLine.getOut());
    }
  }

  /** Bayu's own commands; what they print as results is progress here. */
  private static Demo.Commands commands(CommandRunner runner, PrintWriter err) {
    return arguments -> runner.runCommand(err, err, arguments);
  }

  /** {@code demo}, {@code demo-2} and so on: nothing of an earlier demo is lost. */
  private static Path firstFree(Path parent) {
    return Stream.iterate(1, number -> number + 1)
        .map(number -> parent.resolve(number == 1 ? "demo" : "demo-" + number))
        .filter(Files::notExists)
        .findFirst()
        .orElseThrow();
  }
}
