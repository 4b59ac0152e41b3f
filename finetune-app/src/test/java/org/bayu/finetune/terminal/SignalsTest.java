package org.bayu.finetune.terminal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Processes that are sent signals. */
@EnabledOnOs({OS.LINUX, OS.MAC})
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SignalsTest {
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endWhatIsLeft() {
    started.forEach(Process::destroyForcibly);
  }

  private Process start(String mode, String... options) throws IOException {
    var process =
        new ProcessBuilder(SignalledProcess.command(mode, options))
            .redirectErrorStream(true)
            .start();
    started.add(process);
    return process;
  }

  private static BufferedReader ready(Process process) throws IOException {
    var out = process.inputReader(UTF_8);
    assertEquals("ready", out.readLine());
    return out;
  }

  private static void send(String signal, Process process) throws Exception {
    var kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
    assertEquals(0, kill.waitFor());
  }

  @ParameterizedTest
  @CsvSource({"INT, 2", "TERM, 15"})
  void theFirstSignalRunsTheActionThenTheHooksAndIsTheExitCode(String signal, int number)
      throws Exception {
    assumeFalse(
        SignalledProcess.isIgnored(number), "whoever started this build has it ignore the signal");
    var process = start("return");
    var out = ready(process);
    send(signal, process);
    assertEquals("ending " + (128 + number), out.readLine());
    assertEquals("done", out.readLine());
    assertEquals("hook", out.readLine());
    assertNull(out.readLine());
    assertEquals(128 + number, process.waitFor());
  }

  @Test
  void theSecondSignalEndsTheProcessAtOnce() throws Exception {
    for (var options : new String[][] {{}, {"-Dbayu.launched=true"}}) {
      var process = start("hang", options);
      var out = ready(process);
      send("TERM", process);
      assertEquals("ending 143", out.readLine());
      send("TERM", process);
      assertNull(out.readLine(), "no hook either");
      assertEquals(143, process.waitFor());
    }
  }

  @Test
  void aSignalOfTheOtherKindIsASecondOne() throws Exception {
    assumeFalse(
        SignalledProcess.isIgnored(2), "whoever started this build has it ignore the signal");
    var process = start("hang");
    var out = ready(process);
    send("TERM", process);
    assertEquals("ending 143", out.readLine());
    send("INT", process);
    assertNull(out.readLine());
    assertEquals(130, process.waitFor());
  }

  @Test
  void aSignalOfEachKindIsOneRequestUnderTheLauncher() throws Exception {
    assumeFalse(
        SignalledProcess.isIgnored(2), "whoever started this build has it ignore the signal");
    var process = start("slow", "-Dbayu.launched=true");
    var out = ready(process);
    send("INT", process);
    assertEquals("ending 130", out.readLine());
    send("TERM", process);
    assertEquals("done", out.readLine());
    assertEquals("hook", out.readLine());
    assertEquals(130, process.waitFor());
  }

  @Test
  void aProcessThatEndsMeanwhileWaitsForTheAction() throws Exception {
    var process = start("leave");
    var out = ready(process);
    send("TERM", process);
    assertEquals("ending 143", out.readLine());
    assertEquals("done", out.readLine());
    assertEquals(143, process.waitFor());
  }

  @Test
  void aProcessThatLeavesSignalsToOthersGoesOnAndEndsAsItWould() throws Exception {
    var process = start("others");
    var _ = ready(process);
    send("TERM", process);
    assertFalse(process.waitFor(1, TimeUnit.SECONDS));
    process.getOutputStream().close();
    assertEquals(7, process.waitFor());
  }

  @Test
  void signalsDoWhatTheyDidOnceTheHandlingIsOver() throws Exception {
    var process = start("over");
    var out = ready(process);
    send("TERM", process);
    assertEquals("hook", out.readLine());
    assertNull(out.readLine());
    assertEquals(143, process.waitFor());
  }

  @Test
  void aJvmThatLeavesSignalsToTheSystemGoesOn() throws Exception {
    var process = start("return", "-Xrs");
    var out = ready(process);
    send("TERM", process);
    assertNull(out.readLine());
    assertTrue(process.waitFor(20, TimeUnit.SECONDS));
  }
}
