package org.bayu.tensor.internal.kernels.gemm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.List;
import org.bayu.tensor.internal.OwnJvm;
import org.junit.jupiter.api.Test;

/** A million products, with {@code mvnw -Pstress}: the compilers' own memory grows in the first. */
class MemoryGrowthTest {
  @Test
  void productsLeaveHeapAndMemoryAsTheyAre() throws IOException, InterruptedException {
    assumeTrue(Long.getLong("bayu.stressSeconds", 4) > 60, "for -Pstress");
    assumeTrue(System.getProperty("os.name").equals("Linux"), "memory is read from /proc");
    var options = List.of("-Xms256m", "-Xmx256m", "-XX:+AlwaysPreTouch", "-XX:Tier3DelayOn=1000");
    var ended = OwnJvm.run(options, MemoryGrowth.class, "1000000");
    assertEquals(0, ended.exitCode(), ended.output());
  }
}
