package org.bayu.tensor.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.List;
import org.bayu.tensor.autograd.OpAllocation;
import org.bayu.tensor.internal.kernels.ProductAllocation;
import org.junit.jupiter.api.Test;

/**
 * Kernels allocate nothing on the heap once they are warm.
 *
 * <p>Vectors are objects until the optimizing compiler has seen through a loop, and whether it does
 * may depend on all that ran before: so each program has a JVM of its own, as the application
 * starts it.
 */
class AllocationTest {
  @Test
  void productsAllocateNothing() throws IOException, InterruptedException {
    allocatesNothing(ProductAllocation.class);
  }

  @Test
  void opsAllocateNoMoreForMoreTokensHeadsOrSegments() throws IOException, InterruptedException {
    allocatesNothing(OpAllocation.class);
  }

  private static void allocatesNothing(Class<?> main) throws IOException, InterruptedException {
    var options = List.of("-XX:Tier3DelayOn=1000", "-XX:-UseProfiledLoopPredicate", "-Xmx256m");
    var ended = OwnJvm.run(options, main);
    assertEquals(0, ended.exitCode(), ended.output());
  }
}
