package org.bayu.finetune;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.error.ExitCode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The application where Linux lets its process make no more memory executable. */
@EnabledOnOs(
    value = OS.LINUX,
    architectures = {"amd64", "x86_64"})
class RefusedExecutableMemoryTest {
  private static final int PR_SET_MDWE = 65;
  private static final long REFUSE_EXEC_GAIN = 1;
  private static final int NOT_SUPPORTED = 99;
  private static final String REASON = "the system refuses executable memory (mprotect: errno 13)";

  @TempDir Path folder;

  /** Runs the application, once the system refuses. */
  @SuppressWarnings("restricted") // the way to ask the system
  public static void main(String[] arguments) throws Throwable {
    var linker = Linker.nativeLinker();
    var prctl =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("prctl"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    if ((int) prctl.invokeExact(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0L, 0L, 0L) != 0) {
      System.exit(NOT_SUPPORTED);
    }
    Main.main(arguments);
  }

  private CommandLineRun doctor(String... options) throws IOException, InterruptedException {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("--add-modules=jdk.incubator.vector", "-Xmx512m"));
    command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:Tier3DelayOn=1000"));
    // What the JVM's compilers may need is executable beforehand.
    command.addAll(List.of("-XX:-SegmentedCodeCache", "-XX:ReservedCodeCacheSize=64m"));
    command.add("-XX:InitialCodeCacheSize=64m");
    command.addAll(List.of(options));
    command.addAll(List.of("-cp", TestFiles.classPath()));
    command.addAll(List.of(RefusedExecutableMemoryTest.class.getName(), "doctor"));
    var out = folder.resolve("out").toFile();
    var err = folder.resolve("err").toFile();
    var process = new ProcessBuilder(command).redirectOutput(out).redirectError(err).start();
    var exitCode = process.waitFor();
    assumeTrue(exitCode != NOT_SUPPORTED, "this kernel refuses nothing");
    return new CommandLineRun(
        exitCode, Files.readString(out.toPath()), Files.readString(err.toPath()));
  }

  /** Measures for a quarter of a minute: only where there is time for stress (-Pstress). */
  @Test
  void doctorSaysWhyThereIsNoMachineCode() throws Exception {
    assumeTrue(Integer.getInteger("bayu.stressSeconds", 0) > 60, "takes long: -Pstress runs it");
    var run = doctor();
    assertEquals(ExitCode.DONE, run.exitCode(), run.err());
    assertTrue(
        run.out().contains("Kernels            vector (no machine code, since " + REASON),
        run.out());
    var said = run.err().lines().filter(line -> line.contains(REASON)).toList();
    assertEquals(List.of("WARNING: Bayu computes slower than this processor can: " + REASON), said);
    assertEquals(3, run.err().lines().count(), run.err()); // the incubator module, "Measuring"
  }

  @Test
  void machineCodeThatIsAskedForIsAUsageErrorThatSaysWhyThereIsNone() throws Exception {
    var run = doctor("-Dbayu.kernels=machine");
    assertEquals(ExitCode.USAGE, run.exitCode(), run.err());
    var sentence =
        "bayu: -Dbayu.kernels=machine: there is no machine code here, since " + REASON + ".";
    assertTrue(run.err().lines().anyMatch(sentence::equals), run.err());
  }
}
