package org.bayu.collectives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.Map;
import org.junit.jupiter.api.Test;

class AloneTest {
  @Test
  void aProcessAloneKeepsTheContract() {
    var alone = Communicators.open(Map.of());
    CommunicatorContract.check(alone);
    assertEquals(1, alone.size());
    alone.finish();
  }

  @Test
  void oneProcessOfALauncherIsAlone() {
    assertInstanceOf(Alone.class, Communicators.open(Map.of("OMPI_COMM_WORLD_SIZE", "1")));
    assertInstanceOf(Alone.class, Communicators.open(Map.of("PMI_SIZE", "1")));
  }
}
