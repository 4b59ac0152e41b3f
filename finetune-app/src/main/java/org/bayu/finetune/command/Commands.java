package org.bayu.finetune.command;

import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;

/**
 * The commands, in the order in which the help lists them. Half of the time of a short command was
 * that of reading the options of all of them, by reflection. So one that the arguments do not name
 * is only a name and a description.
 */
public final class Commands {
  public static final List<Class<?>> ALL =
      List.of(
          PrepareCommand.class,
          PreviewCommand.class,
          PlanCommand.class,
          TrainCommand.class,
          RunsCommand.class,
          ReportCommand.class,
          EvaluateCommand.class,
          GenerateCommand.class,
          MergeCommand.class,
          SaveCommand.class,
          UploadCommand.class,
          LogitsCommand.class,
          TokenizeCommand.class,
          TrainTokenizerCommand.class,
          InitCommand.class,
          DoctorCommand.class,
          DemoCommand.class,
          SentencesCommand.class,
          HelpCommand.class);

  private Commands() {}

  /** Adds them to {@code commandLine}, with their options where {@code args} may call them. */
  public static void addTo(CommandLine commandLine, String... args) {
    var words = new HashSet<>(Arrays.asList(args));
    for (var type : ALL) {
      var command = type.getAnnotation(Command.class);
      if (words.contains(command.name())) {
        commandLine.addSubcommand(type);
      } else {
        commandLine.addSubcommand(command.name(), outline(command));
      }
    }
  }

  private static CommandSpec outline(Command command) {
    var spec = CommandSpec.create();
    spec.usageMessage().description(command.description()).hidden(command.hidden());
    return spec;
  }
}
