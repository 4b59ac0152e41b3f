package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;

class MainTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... args) {
    return Main.run(new PrintWriter(out), new PrintWriter(err), args);
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
  void noCommandIsBadUsage() {
    assertEquals(ExitCode.USAGE, run());
    assertFalse(err.toString().isBlank());
  }

  @Test
  void theHelpListsEveryCommandWithWhatItDoes() {
    run("--help");
    for (var type : Commands.ALL) {
      var command = type.getAnnotation(Command.class);
      var firstWords = command.description()[0].substring(0, 20);
      assertTrue(
          out.toString().matches("(?s).*\\n  " + command.name() + " +" + firstWords + ".*"),
          command.name() + ": " + out);
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
