package org.bayu.train.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import org.bayu.train.TrainException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MachineMemoryTest {
  @AfterEach
  void forget() {
    System.clearProperty(MachineMemory.PROPERTY);
  }

  @Test
  void theMachineHasNoMoreAvailableThanInAll() {
    var machine = MachineMemory.current();
    assertTrue(machine.availableBytes() > 0 && machine.totalBytes() > 1 << 20, machine.toString());
    assertTrue(machine.availableBytes() <= machine.totalBytes(), machine.toString());
  }

  @Test
  void aPropertySaysAnotherSize() {
    System.setProperty(MachineMemory.PROPERTY, "16g");
    assertEquals(new MachineMemory(16L << 30, 16L << 30), MachineMemory.current());
    System.setProperty(MachineMemory.PROPERTY, "1000");
    assertEquals(new MachineMemory(1000, 1000), MachineMemory.current());
    for (var wrong : new String[] {"", "g", "1.5g", "9999999999g"}) {
      System.setProperty(MachineMemory.PROPERTY, wrong);
      var thrown = assertThrows(TrainException.class, MachineMemory::current);
      assertEquals(TrainException.Kind.SETTINGS, thrown.kind());
    }
  }

  @Test
  void memoryThatIsWrittenIsAnonymous() {
    var before = ProcessMemory.anonymousBytes();
    assumeTrue(before.isPresent(), "the operating system does not tell");
    try (var arena = Arena.ofShared()) {
      arena.allocate(100 << 20).fill((byte) 1);
      var more = ProcessMemory.anonymousBytes().orElseThrow() - before.getAsLong();
      assertTrue(more > 60 << 20, more + " bytes more");
    }
  }
}
