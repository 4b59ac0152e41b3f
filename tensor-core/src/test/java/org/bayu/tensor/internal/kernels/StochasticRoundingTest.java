package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Random;
import org.bayu.tensor.BFloat16;
import org.junit.jupiter.api.Test;

class StochasticRoundingTest {
  private static float[] narrow(float[] numbers, long key, long first) {
    try (var arena = Arena.ofConfined()) {
      var src = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, numbers);
      var dst = arena.allocate(2L * numbers.length);
      StochasticRounding.narrow(src, 0, dst, 0, numbers.length, key, first);
      var rounded = new float[numbers.length];
      for (var i = 0; i < rounded.length; i++) {
        rounded[i] = BFloat16.toFloat(dst.get(JAVA_SHORT_UNALIGNED, 2L * i));
      }
      return rounded;
    }
  }

  private static float[] filled(int n, float value) {
    var numbers = new float[n];
    Arrays.fill(numbers, value);
    return numbers;
  }

  /**
   * The mean of N roundings has the expectation x, and a standard deviation of at most half the
   * distance of x's neighbours divided by √N; five of these are exceeded once in two million times.
   */
  @Test
  void theMeanOfManyRoundingsIsTheNumber() {
    var n = 1 << 16;
    for (var x : new float[] {1.00001f, -1.003f, 3.1415925f, 1e-20f, -6.55e4f, 1.0078124f}) {
      var lower = BFloat16.toFloat((short) (Float.floatToRawIntBits(x) >>> 16));
      var upper = BFloat16.toFloat((short) ((Float.floatToRawIntBits(x) >>> 16) + 1));
      var sum = 0.0;
      for (var each : narrow(filled(n, x), StochasticRounding.key(1, 2, 3), 0)) {
        assertTrue(each == lower || each == upper, x + " to " + each);
        sum += each;
      }
      var bound = 5 * Math.abs((double) upper - lower) / 2 / Math.sqrt(n);
      assertEquals(x, sum / n, bound, "mean of the roundings of " + x);
    }
  }

  @Test
  void whatBFloat16HasStaysAsItIs() {
    var numbers = new float[1 << 16];
    for (var bits = 0; bits < numbers.length; bits++) {
      numbers[bits] = BFloat16.toFloat((short) bits);
    }
    assertArrayEquals(numbers, narrow(numbers, 7, 0)); // infinities and NaN too
    assertTrue(Float.isNaN(narrow(new float[] {Float.intBitsToFloat(0x7F800001)}, 7, 0)[0]));
  }

  @Test
  void aboveTheGreatestNumberIsInfinity() {
    var greatest = BFloat16.toFloat((short) 0x7F7F);
    for (var sign : new float[] {1, -1}) {
      var infinities = 0;
      for (var each : narrow(filled(4096, sign * 3.393e38f), 7, 0)) {
        assertTrue(each == sign * greatest || each == sign * Float.POSITIVE_INFINITY, each + "");
        infinities += Float.isInfinite(each) ? 1 : 0;
      }
      assertTrue(infinities > 0 && infinities < 4096, infinities + " infinities");
    }
  }

  @Test
  void bitsFollowFromKeyAndElementHoweverTheWorkIsCut() {
    var random = new Random(9);
    var numbers = new float[1000];
    for (var i = 0; i < numbers.length; i++) {
      numbers[i] = (float) random.nextGaussian();
    }
    var key = StochasticRounding.key(0, 5, 2);
    var whole = narrow(numbers, key, 0);
    for (var cut = 4; cut < numbers.length; cut += 124) {
      var head = narrow(Arrays.copyOf(numbers, cut), key, 0);
      var tail = narrow(Arrays.copyOfRange(numbers, cut, numbers.length), key, cut);
      assertArrayEquals(Arrays.copyOf(whole, cut), head);
      assertArrayEquals(Arrays.copyOfRange(whole, cut, whole.length), tail);
    }
    for (var other :
        new long[] {StochasticRounding.key(1, 5, 2), StochasticRounding.key(0, 6, 2)}) {
      assertTrue(!Arrays.equals(whole, narrow(numbers, other, 0)));
    }
    assertTrue(StochasticRounding.key(0, 2, 5) != key);
  }

  /** Of a number halfway between two neighbours, neighbouring elements go either way alike. */
  @Test
  void neighbouringElementsAreIndependent() {
    var n = 1 << 16;
    var half = BFloat16.toFloat((short) 0x3F80) + 0x1p-8f;
    var rounded = narrow(filled(n, half), StochasticRounding.key(4, 0), 0);
    for (var distance = 1; distance <= 8; distance++) {
      var same = 0;
      for (var i = distance; i < n; i++) {
        same += rounded[i] == rounded[i - distance] ? 1 : 0;
      }
      // A binomial number of n/2, its standard deviation √n/2.
      assertEquals(n / 2.0, same, 5 * Math.sqrt(n) / 2, "at distance " + distance);
    }
  }
}
