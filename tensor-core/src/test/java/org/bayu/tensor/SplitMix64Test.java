package org.bayu.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SplitMix64Test {
  /** Of Vigna's reference program in C, splitmix64.c, for the state 1234567. */
  @Test
  void numbersAreThoseOfTheReferenceProgram() {
    var random = new SplitMix64(1234567);
    assertEquals(6457827717110365317L, random.next());
    assertEquals(3203168211198807973L, random.next());
    assertEquals(Long.parseUnsignedLong("9817491932198370423"), random.next());
    assertEquals(4593380528125082431L, random.next());
    assertEquals(Long.parseUnsignedLong("16408922859458223821"), random.next());
  }

  @Test
  void numbersAreThoseOfJavasSplittableRandom() {
    for (var seed : new long[] {0, 1, -1, Long.MIN_VALUE, 42}) {
      var expected = new SplittableRandom(seed);
      var random = new SplitMix64(seed);
      for (var i = 0; i < 100; i++) {
        assertEquals(expected.nextLong(), random.next());
      }
    }
  }
}
