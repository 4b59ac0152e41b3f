package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import org.junit.jupiter.api.Test;

class WorkShareTest {
  @Test
  void ranksHaveNearlyTheSameWork() {
    assertArrayEquals(new int[] {0, 4}, WorkShare.bounds(new long[] {9, 9, 9, 9}, 1));
    assertArrayEquals(new int[] {0, 2, 4}, WorkShare.bounds(new long[] {9, 9, 9, 9}, 2));
    assertArrayEquals(new int[] {0, 1, 4}, WorkShare.bounds(new long[] {90, 30, 30, 30}, 2));
    assertArrayEquals(new int[] {0, 3, 4}, WorkShare.bounds(new long[] {30, 30, 30, 90}, 2));
    assertArrayEquals(new int[] {0, 1, 3, 4}, WorkShare.bounds(new long[] {9, 9, 9, 9}, 3));
  }

  @Test
  void ranksThatFindNothingHaveNothing() {
    assertArrayEquals(new int[] {0, 0, 1, 1}, WorkShare.bounds(new long[] {5}, 3));
    assertArrayEquals(new int[] {0, 1, 1, 2}, WorkShare.bounds(new long[] {5, 5}, 3));
  }
}
