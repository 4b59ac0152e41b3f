package org.bayu.train.plan;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class PeakMemoryTest {
  @Test
  void whatWasFreedAgainCounts() throws InterruptedException {
    try (var memory = new PeakMemory()) {
      var before = memory.bytes();
      assumeTrue(before.isPresent(), "the operating system does not tell");
      try (var arena = Arena.ofShared()) {
        arena.allocate(200 << 20).fill((byte) 1);
        Thread.sleep(1000);
      }
      var more = memory.bytes().orElseThrow() - before.getAsLong();
      assertTrue(more > 100 << 20, more + " bytes more");
    }
  }
}
