package org.bayu.finetune.command;

import java.util.concurrent.Callable;
import org.bayu.finetune.error.ExitCode;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What {@code --help} shows, for those who write it as a command. */
@Command(name = "help", description = "Show the help of a command.")
final class HelpCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Parameters(arity = "0..1", paramLabel = "COMMAND", description = "Default: bayu's own help.")
  private @Nullable String command;

  @Override
  public Integer call() {
    var root = spec.root().commandLine();
    var shown = command == null ? root : root.getSubcommands().get(command);
    if (shown == null) {
      throw new ParameterException(root, Misuse.noCommand(root, String.valueOf(command)));
    }
    shown.usage(root.getOut());
    return ExitCode.DONE;
  }
}
