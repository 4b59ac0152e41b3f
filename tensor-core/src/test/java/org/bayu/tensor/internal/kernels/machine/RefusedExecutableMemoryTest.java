package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.KernelsUnavailableException;
import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.OwnJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * What happens where the operating system itself refuses: in a process that Linux lets make no more
 * memory executable ({@code PR_SET_MDWE}, since 6.3, what systemd's {@code MemoryDenyWriteExecute}
 * sets).
 */
@EnabledOnOs(
    value = OS.LINUX,
    architectures = {"amd64", "x86_64"})
class RefusedExecutableMemoryTest {
  private static final int PR_SET_MDWE = 65;
  private static final long REFUSE_EXEC_GAIN = 1;
  private static final String NOT_SUPPORTED = "this kernel refuses nothing";
  private static final String REASON =
      "the system refuses executable memory (mprotect: errno 13)"; // EACCES

  /** Prints which kernels are chosen, why, and what they compute. */
  public static void main(String[] arguments) throws Throwable {
    if (refuseExecutableMemory() != 0) {
      System.out.println(NOT_SUPPORTED);
      return;
    }
    try (var arena = Arena.ofConfined()) {
      var kernels = KernelProvider.kernels();
      System.out.println("tier " + kernels.tier());
      System.out.println("reason " + KernelProvider.reason());
      System.out.println("of " + KernelProvider.processor().name());
      var x = arena.allocateFrom(JAVA_FLOAT, 3, 4);
      System.out.println("dot " + kernels.dot(x, 0, x, 0, 2));
    } catch (KernelsUnavailableException e) {
      System.out.println(e.getMessage());
    }
  }

  @SuppressWarnings("restricted") // the way to ask the system
  private static int refuseExecutableMemory() throws Throwable {
    var linker = Linker.nativeLinker();
    var prctl =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("prctl"),
            FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG),
            Linker.Option.firstVariadicArg(1));
    return (int) prctl.invokeExact(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0L, 0L, 0L);
  }

  /** The lines of a JVM, but for its own warning of the incubator module. */
  private static List<String> linesOf(String... more) throws Exception {
    // What the JVM's compilers may need is executable beforehand.
    var options =
        new ArrayList<>(
            List.of(
                "-XX:-SegmentedCodeCache",
                "-XX:ReservedCodeCacheSize=32m",
                "-XX:InitialCodeCacheSize=32m",
                "-Djava.util.logging.SimpleFormatter.format=%4$s: %5$s%n"));
    options.addAll(List.of(more));
    var ended = OwnJvm.run(options, RefusedExecutableMemoryTest.class);
    assertEquals(0, ended.exitCode(), ended.output());
    assumeFalse(ended.output().contains(NOT_SUPPORTED), NOT_SUPPORTED);
    return ended.output().lines().filter(line -> !line.contains("incubator")).sorted().toList();
  }

  @Test
  void theVectorKernelsAreTakenAndOneLineSaysWhy() throws Exception {
    var lines = linesOf();
    assertEquals(5, lines.size(), lines.toString());
    assertEquals("WARNING: Bayu computes slower than this processor can: " + REASON, lines.get(0));
    assertEquals("dot 25.0", lines.get(1));
    assertEquals("of amd64", lines.get(2));
    assertTrue(
        lines.get(3).matches("reason no machine code, since .*, with \\d+-bit vectors"),
        lines.get(3));
    assertTrue(lines.get(3).contains(REASON), lines.get(3));
    assertEquals("tier vector", lines.get(4));
  }

  @Test
  void kernelsThatAreAskedForSayNothingButThatThereAreNone() throws Exception {
    assertEquals(
        List.of("-Dbayu.kernels=machine: there is no machine code here, since " + REASON),
        linesOf("-Dbayu.kernels=machine"));
    var vector = linesOf("-Dbayu.kernels=vector");
    assertTrue(vector.contains("tier vector"), vector.toString());
    assertTrue(vector.stream().noneMatch(line -> line.contains("WARNING")), vector.toString());
  }
}
