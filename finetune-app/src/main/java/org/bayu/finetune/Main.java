package org.bayu.finetune;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.net.URLDecoder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.bayu.finetune.command.CommandRunner;
import org.bayu.finetune.command.Commands;
import org.bayu.finetune.command.Misuse;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.Failure;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.terminal.Signals;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.io.Printable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The command line. Each command is a {@code Callable<Integer>} of its own that returns an {@link
 * ExitCode}; it prints results to its command line's {@code getOut()}, all else to {@code
 * getErr()}, and throws {@link UserException} for what the user can mend.
 */
@Command(
    name = "bayu",
    description = "Fine-tunes Llama models on this machine's CPU.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Main.Version.class)
public final class Main implements Callable<Integer>, CommandRunner {
  private static final String LOG_FORMAT = "java.util.logging.SimpleFormatter.format";

  @Spec private CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // picocli acts on it
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help.")
  private boolean help;

  @SuppressWarnings("UnusedVariable") // picocli acts on it
  @Option(names = "--version", versionHelp = true, description = "Show the version.")
  private boolean version;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Print the stack trace of an error.")
  private boolean debug;

  private final Map<String, String> environment;

  Main(boolean debug, Map<String, String> environment) {
    this.debug = debug;
    this.environment = environment;
  }

  /** Runs one command and ends the process with its exit code. */
  public static void main(String[] args) {
    if (Boolean.getBoolean("bayu.launched")) {
      endWithParent();
    }
    if (System.getProperty(LOG_FORMAT) == null) {
      // A warning of the library's is one line, not one of its own for date and method.
      System.setProperty(LOG_FORMAT, "%4$s: %5$s%n");
    }
    // UTF-8 whatever the locale: the text of models and data must survive a pipe.
    var stdout = new StandardOutput(new FileOutputStream(FileDescriptor.out));
    var out = new PrintWriter(stdout, false, UTF_8);
    var err = new PrintWriter(System.err, true, UTF_8);
    System.exit(run(System.getenv(), out, err, typed(args)));
  }

  /**
   * What the launcher hands over where the locale would spoil the letters, or else {@code args}.
   */
  private static String[] typed(String[] args) {
    var handed = System.getProperty("bayu.arguments");
    if (handed == null) {
      return args;
    }
    return Arrays.stream(handed.split(",", -1))
        .skip(1)
        .map(argument -> URLDecoder.decode(argument, UTF_8))
        .toArray(String[]::new);
  }

  /** A launcher that is killed can pass nothing on: its end then terminates this process. */
  private static void endWithParent() {
    ProcessHandle.current()
        .parent()
        .ifPresent(
            parent -> {
              var _ = parent.onExit().thenRun(() -> Signals.terminate(ExitCode.TERMINATED));
            });
  }

  @Override
  public int runCommand(PrintWriter out, PrintWriter err, String... args) {
    var all = debug ? Stream.concat(Stream.of("--debug"), Stream.of(args)) : Stream.of(args);
    return run(environment, out, err, all.toArray(String[]::new));
  }

  @Override
  public Map<String, String> environment() {
    return environment;
  }

  /** Runs one command: results to {@code out}, all else to {@code err}; returns the exit code. */
  static int run(
      Map<String, String> environment, PrintWriter out, PrintWriter err, String... args) {
    var main = new Main(false, environment);
    var commandLine = new CommandLine(main);
    // Made where a path or an address is there: most commands need no bucket's classes.
    Supplier<LocalFiles> files = () -> new Models(environment, _ -> {}, err).files();
    Supplier<Path> copies = () -> files.get().buckets().folder();
    Commands.addTo(commandLine, args);
    commandLine
        .registerConverter(Path.class, text -> files.get().path(text))
        .setOut(new PrintWriter(new AddressWriter(out, copies)))
        .setErr(new PrintWriter(new AddressWriter(err, copies), true))
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setExpandAtFiles(false)
        .setExecutionStrategy(main::execute)
        .setParameterExceptionHandler((e, _) -> misuse(e))
        .setExecutionExceptionHandler((e, _, _) -> main.report(e));
    try {
      var exitCode = commandLine.execute(args);
      out.flush();
      return exitCode;
    } catch (UserException | Error e) { // picocli hands a command's exceptions to the handler above
      return main.report(e);
    } finally {
      err.flush();
    }
  }

  private int execute(ParseResult parsed) {
    try {
      return new RunLast().execute(parsed);
    } catch (UserException e) { // picocli has no handler for a help that cannot be printed
      return report(e);
    }
  }

  /** Without a command: what the commands are. */
  @Override
  public Integer call() {
    var commandLine = spec.commandLine();
    commandLine.usage(commandLine.getErr());
    return ExitCode.USAGE;
  }

  private static int misuse(ParameterException e) {
    var command = e.getCommandLine();
    command
        .getErr()
        .println(
            "bayu: "
                + Printable.sentence(Misuse.sentence(e))
                + " Try '"
                + command.getCommandSpec().qualifiedName()
                + " --help'.");
    return ExitCode.USAGE;
  }

  @Override
  public int report(Throwable thrown) {
    var err = spec.commandLine().getErr();
    var failure = Failure.of(thrown);
    if (failure.exitCode() != ExitCode.PIPE_CLOSED) { // where `| head` has read enough
      err.println("bayu: " + failure.message());
    }
    if (debug) {
      thrown.printStackTrace(err);
    }
    return failure.exitCode();
  }

  /** The version in the jar's manifest. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      var version = Main.class.getPackage().getImplementationVersion();
      return new String[] {"bayu " + (version == null ? "(not packaged)" : version)};
    }
  }
}
