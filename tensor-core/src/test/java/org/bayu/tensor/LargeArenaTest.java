package org.bayu.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargeArenaTest {
  private static final Path STATUS = Path.of("/proc/self/status");

  @ParameterizedTest
  @ValueSource(longs = {0, 1, LargeArena.LARGE - 1, LargeArena.LARGE, 5 * LargeArena.LARGE + 3})
  void memoryIsZeroedAlignedAndOfTheSizeAskedForEvenAfterOtherMemoryWasFreed(long bytes) {
    for (var round = 0; round < 3; round++) {
      try (var arena = LargeArena.ofShared()) {
        var memory = arena.allocate(bytes, Tensor.ALIGNMENT);
        assertEquals(bytes, memory.byteSize());
        assertEquals(0, memory.address() % Tensor.ALIGNMENT);
        assertEquals(-1, memory.mismatch(MemorySegment.ofArray(new byte[(int) bytes])));
        memory.fill((byte) 0x5A);
      }
    }
  }

  @Test
  void aClosedArenaRefusesItsMemory() {
    var arena = LargeArena.ofShared();
    var memory = arena.allocate(LargeArena.LARGE, Tensor.ALIGNMENT);
    assertTrue(arena.scope().isAlive());
    arena.close();
    assertFalse(memory.scope().isAlive());
    assertThrows(IllegalStateException.class, () -> memory.get(JAVA_BYTE, 0));
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 2, 4, 4096, 4098, 3 * 4096 + 1})
  void memoryOfAnySizeIsTouchedAndKeepsItsBits(long bytes) {
    try (var arena = LargeArena.ofShared()) {
      var memory = arena.allocate(bytes, Tensor.ALIGNMENT).fill((byte) 7);
      LargeArena.touch(memory, 0, bytes);
      var expected = new byte[(int) bytes];
      Arrays.fill(expected, (byte) 7);
      assertEquals(-1, memory.mismatch(MemorySegment.ofArray(expected)));
    }
  }

  @Test
  void largeMemoryTakesNoRoomBeforeItIsUsedAndGivesItBack() throws IOException {
    Assumptions.assumeTrue(Files.isReadable(STATUS), "needs Linux");
    var bytes = 256L << 20;
    var before = residentBytes();
    try (var arena = LargeArena.ofShared()) {
      var memory = arena.allocate(bytes, Tensor.ALIGNMENT);
      assertTrue(residentBytes() - before < bytes / 2);
      memory.fill((byte) 1);
      assertTrue(residentBytes() - before > bytes / 2);
    }
    assertTrue(residentBytes() - before < bytes / 2);
  }

  private static long residentBytes() throws IOException {
    for (var line : Files.readAllLines(STATUS)) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException(STATUS + " has no VmRSS");
  }
}
