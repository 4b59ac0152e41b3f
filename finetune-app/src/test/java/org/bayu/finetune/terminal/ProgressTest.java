package org.bayu.finetune.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private static final String ERASE = "\r\033[K";

  private final StringWriter err = new StringWriter();
  private long seconds;

  private Progress progress(long total, int columns) {
    return new Progress(
        "train", total, new PrintWriter(err), columns, () -> seconds * 1_000_000_000L);
  }

  /** What the terminal has shown, one after the other. */
  private List<String> painted() {
    return Arrays.stream(err.toString().split(ERASE.replace("[", "\\["), -1))
        .filter(line -> !line.isEmpty())
        .toList();
  }

  @Test
  void atEightyColumnsTheBarHasTenCharactersAndNoFigureIsCut() {
    var progress = progress(400_000, 80);
    seconds = 100;
    progress.step("loss 0.1234", "123,456 tokens/s", "lr 2.00e-04");
    assertEquals(
        ERASE + "train 1/400000 [.............]  11111:05:00 left  loss 0.1234  123,456 tokens/s",
        err.toString());
    seconds = 200;
    progress.part(12, 16);
    painted().forEach(line -> assertTrue(line.length() < 80, line));
    assertEquals(
        "train 1/400000 (12/16) [..........]  12698:21:26 left  loss 0.1234  lr 2.00e-04",
        painted().getLast());
  }

  @Test
  void bytesAreShownInMegabytes() {
    try (var progress = Progress.ofBytes("fetch", 2_500_000, new PrintWriter(err))) {
      progress.advance(2_500_000);
    }
    assertTrue(err.toString().startsWith("fetch 2.5 MB/2.5 MB"), err::toString);
  }

  @Test
  void unitsDoneBeforeCountButTookNoTime() {
    var progress = progress(10, 80);
    progress.doneBefore(6);
    seconds = 30;
    progress.step("loss 1.0000");
    assertEquals(
        "train 7/10 [#####################.........]  90 s left  loss 1.0000",
        painted().getLast().replace("0:01:30 left", "90 s left"));
  }

  @Test
  void theBarGrowsWithEveryPartOfAStep() {
    try (var progress = progress(4, 80)) {
      for (var part = 1; part <= 4; part++) {
        seconds++;
        progress.part(part, 4);
      }
      seconds++;
      progress.afterwards("eval", 1, 2);
      seconds++;
      progress.step("loss 2.0000");
    }
    assertEquals(
        List.of(
            "train 0/4 (1/4) [##............................]  15 s left",
            "train 0/4 (2/4) [####..........................]  14 s left",
            "train 0/4 (3/4) [######........................]  13 s left",
            "train 0/4 (4/4) [########......................]  12 s left",
            "train 0/4 (eval 1/2) [########......................]  15 s left",
            "train 1/4 [########......................]  18 s left  loss 2.0000",
            "train 1/4 [########......................]  18 s left  loss 2.0000"
                + System.lineSeparator()),
        painted());
  }

  @Test
  void aMessageStandsOnALineOfItsOwnAboveTheBar() {
    var progress = progress(2, 80);
    seconds = 1;
    progress.step("loss 2.0000");
    progress.message("Saved.");
    var bar = "train 1/2 [###############...............]  1 s left  loss 2.0000";
    assertEquals(
        ERASE + bar + ERASE + "Saved." + System.lineSeparator() + ERASE + bar, err.toString());
  }

  @Test
  void elsewhereThereIsALineNowAndThenAndNothingThatATerminalActsOn() {
    try (var progress = progress(100, 0)) {
      for (var step = 0; step < 100; step++) {
        progress.part(1, 2);
        progress.message("Message " + step);
        progress.step("loss 2.0000", "lr 1.00e-03");
      }
    }
    var lines = err.toString().lines().filter(line -> line.startsWith("train")).toList();
    assertEquals(
        List.of(
            "train 1/100  loss 2.0000  lr 1.00e-03  0 s left",
            "train 100/100  loss 2.0000  lr 1.00e-03  0 s left"),
        lines);
    assertFalse(err.toString().contains("\r") || err.toString().contains("\033"));
    assertEquals(102, err.toString().lines().count());
  }
}
