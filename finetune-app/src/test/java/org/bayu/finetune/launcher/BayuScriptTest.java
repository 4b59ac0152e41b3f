package org.bayu.finetune.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The script {@code bayu} in a copy of the project where Maven and Java are shell scripts. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "runs shell scripts")
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class BayuScriptTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

  @TempDir Path folder;
  private Path project;
  private Path source;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void copyProject() throws IOException {
    project = Files.createDirectories(folder.resolve("my projects/bayu"));
    Files.createDirectories(project.resolve(".mvn"));
    for (var file : List.of("bayu", ".mvn/jdk.sh", "pom.xml")) {
      Files.copy(ROOT.resolve(file), project.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    for (var module : List.of("tensor-core", "llama-model", "lora", "train", "finetune-app")) {
      Files.createDirectories(project.resolve(module).resolve("src/main"));
    }
    source = Files.writeString(project.resolve("lora/src/main/A.java"), "class A {}");
    maven(
        "echo \"built with $MAVEN_OPTS\"; mkdir -p finetune-app/target;"
            + " echo jar >finetune-app/target/finetune-app.jar");
    FakeJava.suitable(folder.resolve("java home"), "printf '<%s>\\n' \"$@\"; exit 4");
  }

  @Test
  void theFirstRunBuildsAndTheNextDoesNot() throws Exception {
    var first = bayu("train", "--config_path", "a b.yaml");
    assertEquals(1, first.builds(), first.err);
    assertTrue(first.out.endsWith("<train>\n<--config_path>\n<a b.yaml>\n"), first.out);
    assertEquals(4, first.exitCode, first.err);

    var second = bayu("train");
    assertEquals(0, second.builds(), second.err);
    assertTrue(second.out.endsWith("<train>\n"), second.out);
    assertEquals("", second.err);
  }

  @Test
  void theBuildIsSilentOnStdoutAndGetsMavensOptions() throws Exception {
    var run = bayu();
    assertFalse(run.out.contains("built"), run.out);
    assertTrue(run.err.contains("built with -Dmy.option"), run.err);
  }

  @Test
  void aChangedAnAddedAndARemovedSourceBuildAgain() throws Exception {
    assertEquals(1, bayu().builds());
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
    assertEquals(1, bayu().builds());
    Files.setLastModifiedTime(source, FileTime.from(Instant.now().minusSeconds(60)));
    assertEquals(0, bayu().builds());
    var added = Files.writeString(project.resolve("lora/src/main/B.java"), "class B {}");
    assertEquals(1, bayu().builds());
    Files.delete(added);
    assertEquals(1, bayu().builds());
    assertEquals(0, bayu().builds());
  }

  @Test
  void aSourceThatChangesDuringTheBuildBuildsAgain() throws Exception {
    maven("sleep 0.1; touch lora/src/main/A.java; echo jar >finetune-app/target/finetune-app.jar");
    Files.createDirectories(project.resolve("finetune-app/target"));
    bayu();
    maven("echo built; echo jar >finetune-app/target/finetune-app.jar");
    assertEquals(1, bayu().builds());
  }

  @Test
  void itRunsThroughALinkFromAnotherFolder() throws Exception {
    var link = Files.createSymbolicLink(folder.resolve("link"), project.resolve("bayu"));
    var relative = Files.createSymbolicLink(folder.resolve("link 2"), Path.of("link"));
    assertEquals(4, run(link).exitCode);
    assertEquals(4, run(relative).exitCode);
  }

  @Test
  void parquetsJarLiesBesideTheMainOneAndNotOnTheClassPath() throws Exception {
    var jar =
        Files.createDirectories(project.resolve("parquet/target")).resolve("bayu-parquet.jar");
    Files.writeString(jar, "jar");
    var run = bayu("train");
    var target = project.resolve("finetune-app/target");
    assertTrue(run.out.contains("<-cp>\n<" + target + "/finetune-app.jar>\n"), run.out);
    assertEquals("jar", Files.readString(target.resolve("bayu-parquet.jar")));
    assertEquals("", bayu("train").err);
  }

  @Test
  void aBuildThatFailsStartsNothing() throws Exception {
    maven("echo 'no such symbol'; exit 1");
    var run = bayu("train");
    assertEquals(1, run.exitCode);
    assertEquals("", run.out);
    assertTrue(run.err.contains("no such symbol"), run.err);
    assertTrue(run.err.contains("bayu: the build failed"), run.err);
  }

  @Test
  void twoRunsAtOnceBuildOnce() throws Exception {
    maven(
        "echo built; sleep 0.5; mkdir -p finetune-app/target;"
            + " echo jar >finetune-app/target/finetune-app.jar");
    var first = start(project.resolve("bayu"));
    var second = start(project.resolve("bayu"));
    var runs = List.of(finish(first), finish(second));
    assertEquals(1, runs.get(0).builds() + runs.get(1).builds(), runs.toString());
    assertEquals(4, runs.get(0).exitCode, runs.toString());
    assertEquals(4, runs.get(1).exitCode, runs.toString());
  }

  @Test
  void theLockOfABuildThatWasKilledIsTakenOver() throws Exception {
    var ended = new ProcessBuilder("true").start();
    ended.waitFor();
    Files.createDirectories(project.resolve("target"));
    Files.createSymbolicLink(
        project.resolve("target/bayu.lock"), Path.of(Long.toString(ended.pid())));
    assertEquals(1, bayu().builds());
  }

  @Test
  void javaHasAUtf8LocaleWhateverTheUsersIs() throws Exception {
    FakeJava.suitable(folder.resolve("java home"), "echo $LC_ALL");
    for (var locale : List.of("", "C", "POSIX", "xx_YY.UTF-8")) {
      environment.putAll(Map.of("LC_ALL", locale, "LC_CTYPE", "", "LANG", ""));
      assertEquals("C.UTF-8\n", bayu().out, locale);
    }
  }

  @Test
  void tooLittleAddressSpaceForJavaIsSaid() throws Exception {
    bayu();
    var process =
        new ProcessBuilder("sh", "-c", "ulimit -v 3000000; exec '" + project + "/bayu'")
            .redirectErrorStream(true);
    process.environment().put("JAVA_HOME", folder.resolve("java home").toString());
    var started = process.start();
    var said = new String(started.getInputStream().readAllBytes(), UTF_8);
    assertEquals(4, started.waitFor(), said);
    assertTrue(said.startsWith("bayu: this shell allows a program 3 GB of address space"), said);
    assertEquals(1, said.lines().count(), said);
  }

  private void maven(String script) throws IOException {
    var file = project.resolve("mvnw");
    Files.writeString(file, "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n" + script + "\n");
    assertTrue(file.toFile().setExecutable(true));
  }

  private record Run(int exitCode, String out, String err) {
    int builds() {
      return err.contains("built") ? 1 : 0;
    }
  }

  private record Started(Process process, Path out, Path err) {}

  private Run bayu(String... arguments) throws Exception {
    return run(project.resolve("bayu"), arguments);
  }

  private Run run(Path script, String... arguments) throws Exception {
    return finish(start(script, arguments));
  }

  private Started start(Path script, String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    var out = Files.createTempFile(folder, "out", null);
    var err = Files.createTempFile(folder, "err", null);
    var builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("JAVA_HOME", folder.resolve("java home").toString());
    builder.environment().put("MAVEN_OPTS", "-Dmy.option");
    builder.environment().putAll(environment);
    return new Started(builder.start(), out, err);
  }

  private static Run finish(Started run) throws Exception {
    var exitCode = run.process.waitFor();
    return new Run(exitCode, Files.readString(run.out, UTF_8), Files.readString(run.err, UTF_8));
  }
}
