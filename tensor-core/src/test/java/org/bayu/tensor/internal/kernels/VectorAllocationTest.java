package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.bayu.tensor.internal.OwnJvm;
import org.junit.jupiter.api.Test;

/**
 * No vector kernel allocates once it is compiled, at any size: in a JVM of its own that compiles
 * before it goes on, so that nothing depends on time, with the options that the application has.
 * {@code -Dbayu.vectorBits=128} and 256 gave the same where the processor has 512.
 */
class VectorAllocationTest {
  @Test
  void noKernelAllocates() throws Exception {
    var options =
        List.of(
            "-Xbatch",
            "-XX:+UseSerialGC",
            "-XX:Tier3DelayOn=1000",
            "-XX:-UseProfiledLoopPredicate");
    var ended = OwnJvm.run(options, VectorAllocation.class);
    assertEquals(0, ended.exitCode(), ended.output());
    var lines = ended.output().lines().filter(line -> line.contains(" of ")).toList();
    assertTrue(lines.size() > 100, ended.output());
    assertEquals(List.of(), lines.stream().filter(line -> !line.endsWith(": 0")).toList());
  }
}
