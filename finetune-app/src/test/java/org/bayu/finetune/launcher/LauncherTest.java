package org.bayu.finetune.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bayu.finetune.terminal.SignalledProcess;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Starts the launcher in a process of its own; the Java that it then finds is a shell script. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the fake Java homes are shell scripts")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LauncherTest {
  private static final String UNTIL_TERMINATED =
      "trap 'echo ended; exit 0' TERM; echo started; while :; do sleep 0.05; done";
  private static final Path CLASSES = Path.of("target", "classes").toAbsolutePath();

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void endWhatIsLeft() {
    for (var process : started) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  @Test
  void theApplicationsExitCodeIsPassedOn() throws Exception {
    var launcher = launch("exit 3", Map.of());
    assertEquals(3, launcher.waitFor());
  }

  @Test
  void theApplicationGetsItsArgumentsAndItsJavaTheOptionsItNeeds() throws Exception {
    var launcher =
        launch("printf '<%s>\\n' \"$@\"", Map.of(), "generate", "--prompt", "two  words", "");
    var lines = lines(launcher);

    assertEquals(0, launcher.waitFor());
    var main = lines.indexOf("<org.bayu.finetune.Main>");
    assertEquals(
        List.of("<generate>", "<--prompt>", "<two  words>", "<>"),
        lines.subList(main + 1, lines.size()));
    var options = lines.subList(0, main);
    for (var option : JavaCommand.NEEDED) {
      assertTrue(options.contains("<" + option + ">"), lines.toString());
    }
    assertTrue(options.contains("<" + JavaCommand.HEAP + ">"), lines.toString());
    assertTrue(options.contains("<" + JavaCommand.PROFILE + ">"), lines.toString());
    assertTrue(options.contains("<" + JavaCommand.PREDICATES + ">"), lines.toString());
  }

  @Test
  void theUsersOptionsComeBeforeTheLaunchersChoices() throws Exception {
    var launcher =
        launch("printf '%s\\n' \"$@\"", Map.of("BAYU_JAVA_OPTS", "-Xmx9g -XX:+UseSerialGC"));
    var lines = lines(launcher);

    assertEquals(0, launcher.waitFor());
    assertTrue(lines.containsAll(List.of("-Xmx9g", "-XX:+UseSerialGC")), lines.toString());
    assertEquals(1, lines.stream().filter(option -> option.startsWith("-Xmx")).count());
    assertEquals(1, lines.stream().filter(option -> option.startsWith("-XX:+Use")).count());
  }

  @Test
  void aTerminationReachesTheApplication() throws Exception {
    var launcher = launch(UNTIL_TERMINATED, Map.of());
    var reader = reader(launcher);
    assertEquals("started", reader.readLine());
    launcher.toHandle().destroy(); // leaves the stream open

    assertEquals("ended", reader.readLine());
    assertTrue(launcher.waitFor(20, SECONDS));
    assertEquals(143, launcher.exitValue());
  }

  @Test
  void anInterruptEndsTheApplicationAndIsSeenInTheExitCode() throws Exception {
    // A shell starts background jobs so that they ignore interrupts; what they start does too.
    var self = new ProcessBuilder("sh", "-c", "kill -INT $$").start();
    assumeTrue(self.waitFor() != 0, "interrupts are ignored here");
    var launcher = launch(UNTIL_TERMINATED, Map.of());
    var reader = reader(launcher);
    assertEquals("started", reader.readLine());
    new ProcessBuilder("sh", "-c", "kill -INT " + launcher.pid()).start().waitFor();

    assertEquals("ended", reader.readLine());
    assertTrue(launcher.waitFor(20, SECONDS));
    assertEquals(130, launcher.exitValue());
  }

  @Test
  void eachTerminationReachesTheApplication() throws Exception {
    var launcher =
        launch(
            "n=0; trap 'n=$((n+1)); echo $n; [ $n -lt 3 ] || exit 0' TERM; echo started;"
                + " while :; do sleep 0.05; done",
            Map.of());
    var reader = reader(launcher);
    assertEquals("started", reader.readLine());
    for (var n = 1; n <= 3; n++) {
      launcher.toHandle().destroy();
      assertEquals(Integer.toString(n), reader.readLine());
    }
    assertTrue(launcher.waitFor(20, SECONDS));
    assertEquals(143, launcher.exitValue());
  }

  /** The command of an application that handles signals, for a shell. */
  private static String handlingSignals(String mode) {
    return SignalledProcess.command(mode, "-Dbayu.launched=true").stream()
        .map(word -> "'" + word + "'")
        .collect(Collectors.joining(" ", "exec ", ""));
  }

  @Test
  void ctrlCInATerminalIsOneRequest() throws Exception {
    assumeFalse(SignalledProcess.isIgnored(2), "interrupts are ignored here");
    var launcher = launch(handlingSignals("slow"), Map.of());
    var reader = reader(launcher);
    assertEquals("ready", reader.readLine());
    // A terminal sends it to all processes in the foreground.
    var application = launcher.children().findFirst().orElseThrow();
    var all = application.pid() + " " + launcher.pid();
    assertEquals(0, new ProcessBuilder("sh", "-c", "kill -INT " + all).start().waitFor());
    assertTrue(reader.readLine().startsWith("ending 1"));
    assertEquals("done", reader.readLine());
    assertEquals("hook", reader.readLine());
    assertTrue(launcher.waitFor(20, SECONDS));
    assertEquals(130, launcher.exitValue());
  }

  @Test
  void theSecondTerminationEndsAnApplicationThatHangs() throws Exception {
    var launcher = launch(handlingSignals("hang"), Map.of());
    var reader = reader(launcher);
    assertEquals("ready", reader.readLine());
    launcher.toHandle().destroy();
    assertEquals("ending 143", reader.readLine());
    launcher.toHandle().destroy();
    assertNull(reader.readLine());
    assertTrue(launcher.waitFor(20, SECONDS));
    assertEquals(143, launcher.exitValue());
  }

  @Test
  void theBuildsScriptStartsJavaWithTheSameOptions() throws Exception {
    var script = Files.readString(Path.of("..", "bayu"));
    var options = new ArrayList<>(JavaCommand.NEEDED);
    options.addAll(JavaCommand.COLLECTOR);
    options.addAll(List.of(JavaCommand.HEAP, JavaCommand.PROFILE, JavaCommand.PREDICATES));
    for (var option : options) {
      assertTrue(script.contains(option), option);
    }
  }

  private Process launch(String script, Map<String, String> environment, String... arguments)
      throws IOException {
    var home = FakeJava.suitable(folder.resolve("fake java"), script);
    List<String> command = new ArrayList<>();
    command.add(JavaHomes.javaProgram(Path.of(System.getProperty("java.home"))).toString());
    command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", CLASSES.toString()));
    command.add(Launcher.class.getName());
    command.addAll(List.of(arguments));
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().keySet().removeAll(List.of("JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS"));
    builder.environment().put("JAVA_HOME", home.toString());
    builder.environment().putAll(environment);
    var process = builder.start();
    started.add(process);
    return process;
  }

  private static BufferedReader reader(Process process) {
    return new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
  }

  private static List<String> lines(Process process) throws IOException {
    try (var reader = reader(process)) {
      return reader.lines().toList();
    }
  }
}
