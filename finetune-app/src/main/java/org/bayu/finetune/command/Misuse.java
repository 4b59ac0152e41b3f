package org.bayu.finetune.command;

import static java.util.Map.entry;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bayu.finetune.error.Nearest;
import org.bayu.tensor.io.Printable;
import picocli.CommandLine;
import picocli.CommandLine.MaxValuesExceededException;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.MutuallyExclusiveArgsException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** What is wrong with a command line, and what may be meant. */
public final class Misuse {
  /** By command, the words by which people call what it does. */
  private static final Map<String, Set<String>> EVERYDAY =
      Map.ofEntries(
          entry("train", Set.of("finetune", "fine-tune", "tune", "fit", "run", "lora", "sft")),
          entry("evaluate", Set.of("eval", "test", "score", "benchmark")),
          entry("generate", Set.of("chat", "infer", "inference", "predict", "sample", "complete")),
          entry("merge", Set.of("export", "fuse", "convert")),
          entry("plan", Set.of("memory")),
          entry("preview", Set.of("show")),
          entry("doctor", Set.of("info")),
          entry("runs", Set.of("list", "ls", "status", "ps")),
          entry("tokenize", Set.of("encode")),
          entry("init", Set.of("new")),
          entry("--version", Set.of("version")));

  private Misuse() {}

  /** The sentence for the user, with its full stop. */
  public static String sentence(ParameterException e) {
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      return unmatched(e.getCommandLine(), unmatched.getUnmatched().getFirst());
    }
    if (e.getCause() instanceof IllegalArgumentException cause && e.getArgSpec() != null) {
      var name = e.getArgSpec() instanceof OptionSpec option ? option.longestName() + ": " : "";
      return name + cause.getMessage() + "."; // of a path
    }
    if (e.getArgSpec() instanceof OptionSpec option && e.getValue() != null) {
      return String.format(
          Locale.ROOT,
          "%s: '%s', where %s is expected.",
          option.longestName(),
          Printable.name(e.getValue()),
          expected(option.auxiliaryTypes()[0]));
    }
    if (e instanceof MissingParameterException
        && String.valueOf(e.getMessage()).contains(" (specify one of ")) {
      return choice(e.getCommandLine().getCommandSpec()) + ".";
    }
    if (e instanceof MutuallyExclusiveArgsException
        || (e instanceof MaxValuesExceededException
            && String.valueOf(e.getMessage()).contains("only one match"))) {
      return both(e.getCommandLine().getCommandSpec());
    }
    var message = String.valueOf(e.getMessage()).strip().replaceFirst("^Error: ", "");
    return message.matches("(?s).*[.!?]") ? message : message + ".";
  }

  /** What a choice is between, without the full stop. */
  private static String choice(CommandSpec command) {
    var choice = command.argGroups().getFirst();
    var alternatives = new ArrayList<String>();
    choice.subgroups().forEach(group -> alternatives.add(required(group)));
    alternatives.add(required(choice));
    return "Give " + String.join(", or ", alternatives);
  }

  /** That more than one of a choice was given, which the parser finds only in some orders. */
  static String both(CommandSpec command) {
    return choice(command) + ", not both.";
  }

  private static String required(ArgGroupSpec group) {
    return group.args().stream()
        .filter(ArgSpec::required)
        .map(arg -> arg instanceof OptionSpec option ? option.longestName() : arg.paramLabel())
        .collect(Collectors.joining(" "));
  }

  private static String expected(Class<?> type) {
    if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(choice -> choice.toString().toLowerCase(Locale.ROOT))
          .collect(Collectors.joining(" or "));
    }
    if (type == boolean.class) {
      return "nothing, true or false";
    }
    return type == int.class || type == long.class ? "a whole number" : "a number";
  }

  private static String unmatched(CommandLine command, String argument) {
    if (argument.startsWith("-")) {
      return noOption(command, argument.split("=", 2)[0]);
    }
    return command.getParent() == null
        ? noCommand(command, argument)
        : "What is '" + Printable.name(argument) + "'? A value stands behind its option.";
  }

  private static String noOption(CommandLine command, String option) {
    var spec = command.getCommandSpec();
    var known =
        spec.options().stream()
            .collect(
                Collectors.toMap(
                    o -> Nearest.plain(withoutDashes(o.longestName())), OptionSpec::longestName));
    var meant = Nearest.of(withoutDashes(option), known.keySet()).map(known::get);
    var isRoot = command.getParent() == null;
    var hint =
        meant.isEmpty() && isRoot
            ? " Give the command before its options, such as bayu train."
            : didYouMean(meant);
    var what = isRoot ? "There is no option " : spec.name() + " has no option ";
    return what + Printable.name(option) + "." + hint;
  }

  private static String withoutDashes(String option) {
    return option.replaceFirst("^-+", "");
  }

  /** That there is no such command, and which may be meant. */
  static String noCommand(CommandLine root, String word) {
    var small = word.toLowerCase(Locale.ROOT);
    var meant =
        EVERYDAY.entrySet().stream()
            .filter(command -> command.getValue().contains(small))
            .map(Map.Entry::getKey)
            .findFirst()
            .or(() -> Nearest.of(word, root.getSubcommands().keySet()));
    return "There is no command '" + Printable.name(word) + "'." + didYouMean(meant);
  }

  private static String didYouMean(Optional<String> meant) {
    return meant.map(name -> " Did you mean " + name + "?").orElse("");
  }
}
