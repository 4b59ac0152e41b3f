package org.bayu.finetune.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.bayu.finetune.demo.Demo;
import org.bayu.finetune.demo.DemoData;
import org.bayu.finetune.demo.DemoPlan;
import org.bayu.finetune.demo.FileRows;
import org.bayu.finetune.demo.TrailRows;
import org.bayu.finetune.demo.ViggoFolder;
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
        "Show the whole tutorial in a few minutes, offline: fine-tune the small base model that is"
            + " in the jar for a task that it does not know, with all weights and with LoRA, and"
            + " compare the three.")
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

  @Option(
      names = "--data",
      paramLabel = "P",
      description =
          "The rows to train on instead, which takes some 20 minutes: a folder with ViGGO's"
              + " train.csv and valid.csv, or a file of rows as train reads them, of which every"
              + " tenth is kept for validation.")
  private @Nullable Path data;

  @Override
  public Integer call() throws IOException {
    var folder = output == null ? firstFree(Path.of("runs")) : output;
    var commandLine = spec.commandLine();
    var err = commandLine.getErr();
    try (var models = new Models(runner.environment(), err)) {
      models
          .outputs()
          .checkNew("--output", folder, "Give a folder that does not exist.", err::println);
      var plan = data == null ? DemoPlan.TRAILS : DemoPlan.VIGGO;
      return new Demo(rows(models), plan, folder, models.files(), commands(runner, err), err)
          .run(commandLine.getOut());
    }
  }

  private DemoData rows(Models models) throws IOException {
    if (data == null) {
      return TrailRows.STANDARD;
    }
    var local = models.files().fetched(data);
    if (!Files.isDirectory(local)) {
      return new FileRows(local);
    }
    var validation = Files.exists(local.resolve("valid.csv")) ? "valid.csv" : "validation.csv";
    return new ViggoFolder(
        local.resolve("train.csv").toString(), local.resolve(validation).toString());
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
