package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.util.HashSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class DataOrderTest {
  private static IntList batches(DataOrder order, int steps, int batchSize) {
    var rows = new IntArrayList();
    for (var step = 0; step < steps; step++) {
      rows.addAll(order.rows((long) step * batchSize, batchSize));
    }
    return rows;
  }

  @Test
  void eachEpochTakesEveryRowOnceInAnOrderOfItsOwn() {
    var rows = batches(new DataOrder(100, 7), 5, 60);
    var first = rows.subList(0, 100);
    var second = rows.subList(100, 200);
    var third = rows.subList(200, 300);
    for (var epoch : new IntList[] {first, second, third}) {
      assertEquals(100, new IntOpenHashSet(epoch).size());
    }
    assertNotEquals(first, second);
    assertNotEquals(second, third);
    assertNotEquals(IntStream.range(0, 100).boxed().toList(), first);
  }

  @Test
  void theStreamIsTheSameHoweverItIsCut() {
    assertEquals(batches(new DataOrder(13, 7), 26, 3), batches(new DataOrder(13, 7), 3, 26));
  }

  @Test
  void aStepNeedsNothingOfTheStepsBefore() {
    var order = new DataOrder(1000, 3);
    var late = order.rows(5248, 128);
    batches(order, 41, 128);
    assertEquals(late, order.rows(5248, 128));
    assertEquals(late, new DataOrder(1000, 3).rows(5248, 128));
  }

  @Test
  void anotherSeedGivesAnotherOrder() {
    assertNotEquals(new DataOrder(100, 0).rows(0, 100), new DataOrder(100, 1).rows(0, 100));
  }

  @Test
  void everyBitOfTheSeedCounts() {
    var orders = new HashSet<IntList>();
    orders.add(new DataOrder(100, 0).rows(0, 100));
    for (var bit = 0; bit < Long.SIZE; bit++) {
      assertTrue(orders.add(new DataOrder(100, 1L << bit).rows(0, 100)), "bit " + bit);
    }
  }

  @Test
  void anEpochDoesNotRepeatThePreviousSeedsNextEpoch() {
    assertNotEquals(new DataOrder(100, 1).rows(0, 100), new DataOrder(100, 0).rows(100, 100));
  }

  @Test
  void theOrderIsThatOfTheDocumentedGenerator() {
    // Computed from the definition with Python's integers.
    assertEquals(IntList.of(2, 3, 6, 4, 7, 9, 0, 8, 1, 5), new DataOrder(10, 42).rows(0, 10));
    assertEquals(IntList.of(2, 8, 5, 6, 7, 0, 3, 4, 1, 9), new DataOrder(10, 42).rows(10, 10));
  }

  @Test
  void everyRowComesToEveryPlaceEquallyOften() {
    // 12 places, 12 rows, 1200 seeds: 100 expected, standard deviation 9.6; six of them is 58.
    var seen = new int[12][12];
    for (var seed = 0; seed < 1200; seed++) {
      var rows = new DataOrder(12, seed).rows(0, 12);
      for (var place = 0; place < 12; place++) {
        seen[rows.getInt(place)][place]++;
      }
    }
    for (var row : seen) {
      for (var count : row) {
        assertEquals(100, count, 58);
      }
    }
  }

  @Test
  void noRowsCannotBeOrdered() {
    assertThrows(IllegalArgumentException.class, () -> new DataOrder(0, 1));
  }
}
