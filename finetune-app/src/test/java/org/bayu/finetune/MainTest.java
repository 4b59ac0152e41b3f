package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.regex.Pattern;
import org.bayu.finetune.command.Commands;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(CommandLineRun.OFFLINE, new PrintWriter(out), new PrintWriter(err), args);
  }

  @Test
  void helpGoesToStdoutAndSucceeds() {
    assertEquals(ExitCode.DONE, run("--help"));
    assertTrue(out.toString().contains("Usage: bayu"), out.toString());
    assertEquals("", err.toString());
  }

  @Test
  void anUnknownCommandIsBadUsageInOneLineThatPointsToTheHelp() {
    assertEquals(ExitCode.USAGE, run("nosuchcommand"));
    assertEquals("", out.toString());
    assertEquals(1, err.toString().lines().count(), err.toString());
    assertTrue(err.toString().contains("nosuchcommand"), err.toString());
    assertTrue(err.toString().contains("bayu --help"), err.toString());
  }

  @Test
  void noCommandIsBadUsageThatShowsTheHelp() {
    assertEquals(ExitCode.USAGE, run());
    assertEquals("", out.toString());
    var shown = err.toString();
    run("--help");
    assertEquals(shown, out.toString());
  }

  @Test
  void helpIsACommandToo() {
    assertEquals(ExitCode.DONE, run("help"));
    assertTrue(out.toString().startsWith("Usage: bayu ["), out.toString());
    assertEquals(ExitCode.DONE, run("help", "evaluate"));
    var help = out.toString().substring(out.toString().indexOf("Usage: bayu evaluate ["));
    assertTrue(help.contains("--max_new_tokens"), help);
    assertEquals("", err.toString());
    var none = CommandLineRun.of("help", "evalute").sentence(ExitCode.USAGE);
    assertEquals(
        "bayu: There is no command 'evalute'. Did you mean evaluate? Try 'bayu --help'.", none);
  }

  private static void assertMisuse(String sentence, Object... args) {
    assertEquals("bayu: " + sentence, CommandLineRun.of(args).sentence(ExitCode.USAGE));
  }

  @Test
  void aMisspelledCommandIsNamedWithTheNearest() {
    assertMisuse("There is no command 'tran'. Did you mean train? Try 'bayu --help'.", "tran");
    assertMisuse(
        "There is no command 'finetune'. Did you mean train? Try 'bayu --help'.",
        "finetune",
        "--lr");
    assertMisuse("There is no command 'Merge'. Did you mean merge? Try 'bayu --help'.", "Merge");
    assertMisuse("There is no command 'xyzzy'. Try 'bayu --help'.", "xyzzy");
    assertMisuse("There is no command '\\u001b[2J'. Try 'bayu --help'.", "\u001b[2J");
  }

  @Test
  void aMisspelledOptionIsNamedWithTheNearestOfTheCommand() {
    Object[] evaluate = {
      "evaluate", "--model", "m", "--data", "d", "--output", "o", "--max-new-token", 3
    };
    assertMisuse(
        "evaluate has no option --max-new-token. Did you mean --max_new_tokens? Try 'bayu"
            + " evaluate --help'.",
        evaluate);
    assertMisuse(
        "There is no option --lr. Give the command before its options, such as bayu train. Try"
            + " 'bayu --help'.",
        "--lr",
        "1");
    assertMisuse(
        "There is no option --versio. Did you mean --version? Try 'bayu --help'.", "--versio");
    assertMisuse(
        "What is 'x'? A value stands behind its option. Try 'bayu doctor --help'.", "doctor", "x");
  }

  @Test
  void aFlagOfTrainThatIsNeitherKeyNorOptionIsNamedWithTheNearest() {
    for (var command : new String[] {"train", "plan", "preview"}) {
      assertMisuse(
          "--lr is not known. Did you mean --optimizer.learning_rate?",
          command,
          "--data",
          "d",
          "--lr",
          "1");
    }
    assertMisuse("--profil is not known. Did you mean --profile?", "train", "--profil");
    assertMisuse("--config is not known. Did you mean --config_path?", "plan", "--config", "x");
  }

  @Test
  void whatIsMissingIsSaidAsTheRestIs() {
    var run = CommandLineRun.of("generate", "--model", "m").sentence(ExitCode.USAGE);
    assertTrue(run.startsWith("bayu: Give --prompts, or --prompt. Try"), run);
    run = CommandLineRun.of("logits", "--tokens", "1").sentence(ExitCode.USAGE);
    assertTrue(run.startsWith("bayu: Missing required option: '--model=D'. Try"), run);
    run = CommandLineRun.of("generate", "--seed").sentence(ExitCode.USAGE);
    assertTrue(run.startsWith("bayu: Missing required parameter for option '--seed' (N)."), run);
  }

  @Test
  void ofAChoiceOnlyOneIsTakenInWhateverOrderTheyStand() {
    var texts = "Give --prompts, or --prompt, not both. Try 'bayu generate --help'.";
    assertMisuse(texts, "generate", "--model=m", "--prompt=a", "--prompts=b");
    assertMisuse(texts, "generate", "--model=m", "--prompts=b", "--prompt=a");
    var scores =
        "Give --model --data --output, or --compare, not both. Try 'bayu evaluate --help'.";
    assertMisuse(scores, "evaluate", "--model=m", "--data=d", "--output=o", "--compare", "a", "b");
    assertMisuse(scores, "evaluate", "--compare", "a", "b", "--model=m", "--data=d", "--output=o");
  }

  @Test
  void aValueOfAnotherTypeIsNamedWithItsOptionAndWhatIsExpected() {
    assertMisuse(
        "--seed: 'x', where a whole number is expected. Try 'bayu generate --help'.",
        "generate",
        "--model",
        "m",
        "--prompt",
        "p",
        "--seed",
        "x");
    assertMisuse(
        "--tokens: 'x', where a whole number is expected. Try 'bayu logits --help'.",
        "logits",
        "--model",
        "m",
        "--tokens",
        "1,x");
    assertMisuse(
        "--format: 'alpaca', where viggo is expected. Try 'bayu prepare --help'.",
        "prepare",
        "--format",
        "alpaca",
        "--input",
        "i",
        "--output",
        "o");
    assertMisuse(
        "--json: 'maybe', where nothing, true or false is expected. Try 'bayu doctor --help'.",
        "doctor",
        "--json=maybe");
  }

  @Test
  void theHelpListsEveryCommandWithWhatItDoes() {
    run("--help");
    for (var type : Commands.ALL) {
      var command = type.getAnnotation(Command.class);
      var firstWords = command.description()[0].substring(0, 20);
      var line = Pattern.compile("\\n  " + command.name() + " +" + Pattern.quote(firstWords));
      var isListed = line.matcher(out.toString()).find();
      assertEquals(!command.hidden(), isListed, command.name() + ": " + out);
    }
  }

  @Test
  void everyCommandThatIsNamedHasItsOptions() {
    for (var type : Commands.ALL) {
      var name = type.getAnnotation(Command.class).name();
      assertEquals(ExitCode.DONE, run(name, "--help"), name);
      assertTrue(out.toString().contains("Usage: bayu " + name + " ["), out.toString());
    }
    assertTrue(out.toString().contains("--adapter"), out.toString());
    assertEquals("", err.toString());
  }
}
