package org.bayu.train.files;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bayu.tensor.io.StagedPath;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A process that is ended while it writes. */
@EnabledOnOs({OS.LINUX, OS.MAC})
class CleanEndTest {
  @TempDir private Path folder;

  /** Writes a folder for ever. */
  public static void main(String[] arguments) throws IOException {
    CleanEnd.run(
        () -> {
          try (var staged = StagedPath.folder(Path.of(arguments[0]))) {
            var file = staged.path().resolve("weights");
            try (var channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
              System.out.println("writing");
              while (true) {
                channel.write(ByteBuffer.wrap("weights".getBytes(UTF_8)), 0);
              }
            }
          }
        });
    System.out.println("not reached");
  }

  /** The class path of a Java that a test starts; Maven gives this one half of it as modules. */
  private static String classPath() {
    return String.join(
        File.pathSeparator,
        Path.of("target", "test-classes").toAbsolutePath().toString(),
        System.getProperty("jdk.module.path", ""),
        System.getProperty("java.class.path"));
  }

  @ParameterizedTest
  @CsvSource({"INT, 2", "TERM, 15"})
  void aSignalLeavesNothingHalfWrittenAndNoWord(String signal, int number) throws Exception {
    assumeFalse(isIgnored(number), "whoever started this build has it ignore the signal");
    var target = folder.resolve("model");
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                classPath(),
                CleanEndTest.class.getName(),
                target.toString())
            .redirectErrorStream(true)
            .start();
    try (var out = process.inputReader(UTF_8)) {
      assertEquals("writing", out.readLine());
      var kill = new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid())).start();
      assertEquals(0, kill.waitFor());
      assertTrue(process.waitFor(1, TimeUnit.MINUTES), "it goes on");
      assertEquals(128 + number, process.exitValue());
      assertNull(out.readLine());
    }
    try (var left = Files.list(folder)) {
      assertEquals(List.of(), left.toList());
    }
  }

  /** What this process ignores, as jobs in the background of a script do, its children ignore. */
  private static boolean isIgnored(int signal) throws IOException {
    var status = Path.of("/proc/self/status");
    return Files.exists(status)
        && Files.readAllLines(status).stream()
            .filter(line -> line.startsWith("SigIgn:"))
            .map(line -> Long.parseUnsignedLong(line.substring("SigIgn:".length()).strip(), 16))
            .anyMatch(ignored -> (ignored >> (signal - 1) & 1) != 0);
  }
}
