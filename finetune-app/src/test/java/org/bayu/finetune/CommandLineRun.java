package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;

/** What a command left behind: exit code, stdout and stderr. */
public record CommandLineRun(int exitCode, String out, String err) {
  /** Nothing is asked of the Hub. */
  static final Map<String, String> OFFLINE =
      Map.of("HF_HUB_OFFLINE", "1", "HF_HUB_CACHE", "/nowhere/hub");

  /** Runs a command as the process would. */
  public static CommandLineRun of(Object... args) {
    return of(OFFLINE, args);
  }

  /** The same with other variables in the environment. */
  static CommandLineRun of(Map<String, String> environment, Object... args) {
    var out = new StringWriter();
    var err = new StringWriter();
    var texts = new String[args.length];
    for (var i = 0; i < args.length; i++) {
      texts[i] = args[i].toString();
    }
    var exitCode = Main.run(environment, new PrintWriter(out), new PrintWriter(err), texts);
    return new CommandLineRun(exitCode, out.toString(), err.toString());
  }

  /** The line after a run's first one, which says what it trains. */
  String sentenceOfRun(int expectedExitCode) {
    var lines = err.lines().toList();
    assertEquals(2, lines.size(), err);
    assertTrue(lines.getFirst().matches("LoRA: .*|All weights are trained.*"), err);
    return new CommandLineRun(exitCode, out, lines.getLast()).sentence(expectedExitCode);
  }

  /** The one line on stderr of a command that failed with the exit code. */
  String sentence(int expectedExitCode) {
    assertEquals(expectedExitCode, exitCode, err);
    assertEquals("", out);
    assertEquals(1, err.lines().count(), err);
    return err.strip();
  }
}
