package org.bayu.finetune.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Both finders, this module's and the build's script, look at the same trees. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the fake Java homes are shell scripts")
class JavaHomesTest {
  private static final Path SCRIPT = Path.of("..", ".mvn", "jdk.sh").toAbsolutePath();

  @TempDir Path folder;

  @Test
  void theFirstThatIsNewEnoughAndHasTheVectorApiIsFound() throws Exception {
    FakeJava.create(folder.resolve("a"), "17.0.15", "java.base jdk.incubator.vector", "");
    FakeJava.create(folder.resolve("b"), "25.0.3", "java.base jdk.zipfs", "");
    FakeJava.create(folder.resolve("c"), "1.8.0_402", "java.base jdk.incubator.vector", "");
    Files.createDirectories(folder.resolve("d/bin"));
    var home = FakeJava.suitable(folder.resolve("e"), "");
    FakeJava.suitable(folder.resolve("f"), "");

    assertFound(home, Map.of("BAYU_JDK_PATH", folder.toString()));
  }

  @Test
  void anEarlyAccessOrALaterReleaseWillDo() throws Exception {
    var home = FakeJava.create(folder.resolve("a"), "26-ea", "jdk.incubator.vector", "");
    assertFound(home, Map.of("BAYU_JDK_PATH", folder.toString()));
  }

  @Test
  void theLayoutOfMacOsIsKnownAndFoldersMayHaveSpaces() throws Exception {
    var home = FakeJava.suitable(folder.resolve("a b/temurin 25.jdk/Contents/Home"), "");
    assertFound(home, Map.of("BAYU_JDK_PATH", "/nowhere:" + folder.resolve("a b")));
  }

  @Test
  void javaHomeComesBeforeJdk25HomeBeforeThePathBeforeFolders() throws Exception {
    var javaHome = FakeJava.suitable(folder.resolve("java-home"), "");
    var jdk25Home = FakeJava.suitable(folder.resolve("jdk25-home"), "");
    var onPath = FakeJava.suitable(folder.resolve("on-path"), "");
    var bin = Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(bin.resolve("java"), onPath.resolve("bin/java"));
    Files.createDirectories(folder.resolve("folders"));
    var inFolder = FakeJava.suitable(folder.resolve("folders/a"), "");

    Map<String, String> environment = new HashMap<>();
    environment.put("BAYU_JDK_PATH", folder.resolve("folders").toString());
    assertFound(inFolder, environment);
    environment.put("PATH", bin + ":" + System.getenv("PATH"));
    assertFound(onPath.toRealPath(), environment);
    environment.put("JDK25_HOME", jdk25Home.toString());
    assertFound(jdk25Home, environment);
    environment.put("JAVA_HOME", javaHome.toString());
    assertFound(javaHome, environment);
  }

  @Test
  void aJavaHomeThatIsTooOldIsPassedOver() throws Exception {
    var old = FakeJava.create(folder.resolve("old"), "21.0.5", "jdk.incubator.vector", "");
    var home = FakeJava.suitable(folder.resolve("folders/a"), "");
    assertFound(
        home,
        Map.of("JAVA_HOME", old.toString(), "BAYU_JDK_PATH", folder.resolve("folders").toString()));
  }

  @Test
  void theRunningJavaIsFoundWhereNothingElseIs() throws Exception {
    var running = FakeJava.suitable(folder.resolve("running"), "");
    var homes = new JavaHomes(Map.of("BAYU_JDK_PATH", ""), running, folder);
    assertEquals(Optional.of(running), homes.findSuitable());
  }

  @Test
  void whereThereIsNoneTheScriptSaysWhatToInstall() throws Exception {
    var environment = Map.of("BAYU_JDK_PATH", folder.toString());
    assertEquals(Optional.empty(), new JavaHomes(environment, folder, folder).findSuitable());

    var result = script("find_jdk || no_jdk", environment);
    assertEquals(1, result.exitCode);
    assertEquals(1, result.output.lines().count(), result.output);
    assertTrue(result.output.contains("Temurin 25 (https://adoptium.net)"), result.output);
  }

  @Test
  void aHomeWithoutReleaseFileIsNotSuitable() throws Exception {
    var home = FakeJava.suitable(folder.resolve("a"), "");
    assertTrue(JavaHomes.isSuitable(home));
    Files.delete(home.resolve("release"));
    assertFalse(JavaHomes.isSuitable(home));
  }

  private void assertFound(Path home, Map<String, String> environment) throws Exception {
    var homes = new JavaHomes(environment, folder.resolve("none"), folder.resolve("none"));
    assertEquals(Optional.of(home), homes.findSuitable());

    var result = script("find_jdk && echo \"$jdk\"", environment);
    assertEquals(home.toString(), result.output.strip());
    assertEquals(0, result.exitCode);
  }

  private record Result(int exitCode, String output) {}

  private static Result script(String command, Map<String, String> environment)
      throws IOException, InterruptedException {
    var builder =
        new ProcessBuilder(List.of("sh", "-euc", ". \"$0\"; " + command, SCRIPT.toString()));
    builder.environment().keySet().removeAll(List.of("JAVA_HOME", "JDK25_HOME"));
    builder.environment().putAll(environment);
    var process = builder.redirectErrorStream(true).start();
    var output = new String(process.getInputStream().readAllBytes(), UTF_8);
    return new Result(process.waitFor(), output);
  }
}
