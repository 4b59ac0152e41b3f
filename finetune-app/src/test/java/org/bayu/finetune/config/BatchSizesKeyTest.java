package org.bayu.finetune.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.UserException;
import org.bayu.train.BatchSizes;
import org.bayu.train.BatchSizes.Change;
import org.bayu.train.BatchSizes.Span;
import org.bayu.train.DataOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchSizesKeyTest {
  private static final BatchSizes GROWING =
      new BatchSizes(List.of(new Change(0, 2), new Change(3, 5), new Change(4, 3)));

  @TempDir private Path folder;

  private static TrainConfig load(String value) throws IOException {
    return TrainConfig.load(
        null, List.of("--data", "t.jsonl", "--trainer.train_batch_size", value), TestFiles.HERE);
  }

  @Test
  void eachStepHasTheSizeOfTheLastEntryThatBegan() throws IOException {
    var sizes = load("[{start: 0, value: 2}, {start: 3, value: 5}, {start: 4, value: 3}]");
    assertEquals(GROWING, sizes.trainer().trainBatchSize());
    var expected = List.of(2, 2, 2, 5, 3, 3);
    for (var step = 0; step < expected.size(); step++) {
      assertEquals(expected.get(step), GROWING.at(step));
    }
    assertEquals(5, GROWING.largest());
    assertEquals(new BatchSizes(7), load("7").trainer().trainBatchSize());
  }

  @Test
  void rowsAreOneStreamInWhichNoneIsSkippedOrTakenTwice() {
    var order = new DataOrder(7, 11);
    var taken = new IntArrayList();
    for (var step = 0; step < 10; step++) {
      assertEquals(taken.size(), GROWING.rowsBefore(step));
      taken.addAll(order.rows(GROWING.rowsBefore(step), GROWING.at(step)));
    }
    assertEquals(2 * 3 + 5 + 6 * 3, taken.size());
    assertEquals(new DataOrder(7, 11).rows(0, taken.size()), taken);
  }

  @Test
  void theLargestStepsComeFirstInThePlan() {
    assertEquals(
        List.of(new Span(3, 4, 5), new Span(4, 6, 3), new Span(0, 3, 2)), GROWING.largestFirst(6));
    assertEquals(List.of(new Span(0, 2, 2)), GROWING.largestFirst(2));
    assertEquals(List.of(new Span(0, 9, 4)), new BatchSizes(4).largestFirst(9));
  }

  @Test
  void aScheduleReadsBackToItsEqual() throws IOException {
    for (var value : List.of("3", "[{start: 0, value: 3}, {start: 9, value: 1}]")) {
      var config = load(value);
      var yaml = config.toYaml(TestFiles.HERE);
      assertTrue(yaml.contains("train_batch_size:"), yaml);
      var file = Files.writeString(folder.resolve("config.yaml"), yaml);
      assertEquals(config, TrainConfig.load(file, List.of(), TestFiles.HERE), yaml);
    }
  }

  @Test
  void aScheduleThatIsNoneIsRefused() {
    assertRefused("[]", "an empty list");
    assertRefused("{start: 0, value: 3}", "a section, where a whole number");
    assertRefused("[{start: 1, value: 3}]", "begin at step 0");
    assertRefused(
        "[{start: 0, value: 3}, {start: 0, value: 4}]", "'0', where a whole number of at");
    assertRefused("[{start: 0, value: 0}]", "'0', where a whole number of at least 1");
    assertRefused("[{start: 0}]", "each entry needs start and value");
    assertRefused("[3, 4]", "a list of sections");
    assertRefused("[{start: 0, value: 3, until: 4}]", "train_batch_size.until");
  }

  private static void assertRefused(String value, String part) {
    var e = assertThrows(UserException.class, () -> load(value));
    assertTrue(String.valueOf(e.getMessage()).contains(part), e::getMessage);
  }
}
