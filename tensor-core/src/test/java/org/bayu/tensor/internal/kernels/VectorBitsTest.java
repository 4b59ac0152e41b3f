package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vector kernels' bits, in this JVM as it warms up and in JVMs that differ from it. */
class VectorBitsTest {
  /** The digest of a JVM with these options. */
  private static KernelDigest.Lines digestOf(String... options) throws IOException {
    var command =
        new ArrayList<>(
            List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString()));
    command.addAll(List.of(options));
    command.addAll(
        List.of(
            "--add-modules",
            "jdk.incubator.vector",
            "-cp",
            String.join(
                System.getProperty("path.separator"), "target/classes", "target/test-classes"),
            KernelDigest.class.getName()));
    var process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    var lines = process.inputReader().lines().toList();
    return KernelDigest.Lines.parse(lines);
  }

  @Test
  void aWarmJvmGivesTheBitsOfAnInterpretedOne() throws IOException {
    var interpreted = digestOf("-Xint");
    assertEquals(interpreted, KernelDigest.compute());
    // Enough calls for the JVM to compile every loop on the way, in both of its compilers.
    for (var i = 0; i < 1000; i++) {
      assertEquals(interpreted.sums(), KernelDigest.loops().sums(), "after " + i + " runs");
    }
    assertEquals(interpreted, KernelDigest.compute());
    var products = KernelDigest.products();
    for (var i = 0; i < 40; i++) {
      assertEquals(products, KernelDigest.products(), "after " + i + " runs");
    }
    assertEquals(interpreted, KernelDigest.compute());
  }

  /** AVX-512's, AVX2's and ARM's vectors, emulated where the processor has others. */
  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void vectorsOfAnyLengthGiveTheSameBitsButForSums(int bits) throws IOException {
    var here = KernelDigest.compute();
    var there = digestOf("-Dbayu.vectorBits=" + bits);
    assertEquals(here.checksums(), there.checksums());
    for (var i = 0; i < here.sums().size(); i++) {
      var expected = value(here.sums().get(i));
      // Up to 207 summands of the order of 1 in another order, and exponentials up to e¹⁰⁰.
      assertEquals(expected, value(there.sums().get(i)), 1e-6 * Math.max(30, Math.abs(expected)));
    }
  }

  private static double value(String line) {
    return Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
  }
}
