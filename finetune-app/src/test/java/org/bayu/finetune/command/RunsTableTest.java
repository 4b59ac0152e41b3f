package org.bayu.finetune.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.bayu.finetune.run.RunStatus;
import org.junit.jupiter.api.Test;

class RunsTableTest {
  private static RunStatus run(String id) {
    return new RunStatus(
        id,
        RunStatus.State.RESUMABLE,
        300,
        OptionalInt.of(1200),
        Optional.of(0.25),
        3,
        5L << 30,
        OptionalInt.of(300),
        Instant.EPOCH);
  }

  @Test
  void longIdsAreCutInTheMiddleSoThatTheTableFitsIntoTheTerminal() {
    var id = "viggo-lora-".repeat(4) + "end";
    var lines = RunsTable.lines(List.of(run("x"), run(id)), 80);
    assertEquals(80, lines.get(2).length(), lines::toString);
    assertTrue(lines.get(2).startsWith("viggo-…a-end  resumable  300/1200"), lines::toString);
    assertTrue(lines.get(1).startsWith("x             resumable  300/1200"), lines::toString);
  }

  @Test
  void idsAreWholeWhereThereIsNoTerminalOrItIsWideEnough() {
    var id = "viggo-lora-".repeat(4) + "end";
    for (var columns : new int[] {0, 200}) {
      assertTrue(RunsTable.lines(List.of(run(id)), columns).get(1).startsWith(id));
    }
  }

  @Test
  void randomIdsAreNeverCut() {
    var lines = RunsTable.lines(List.of(run("k3j9x2ab")), 20);
    assertTrue(lines.get(1).startsWith("k3j9x2ab  resumable"), lines::toString);
  }
}
