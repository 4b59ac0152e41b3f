package org.bayu.tensor.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExactSumTest {
  private final Arena arena = Arena.ofConfined();

  @AfterEach
  void free() {
    arena.close();
  }

  private MemorySegment sum(List<Double> terms) {
    var sum = arena.allocate(ExactSum.BYTES, Long.BYTES);
    terms.forEach(term -> ExactSum.add(sum, term));
    return sum;
  }

  /** Squares of F32 numbers of all magnitudes. */
  private static List<Double> squares(int n) {
    var random = new Random(1);
    var squares = new ArrayList<Double>();
    for (var i = 0; i < n; i++) {
      var number = (double) Math.scalb(random.nextFloat(), random.nextInt(277) - 149);
      squares.add(number * number);
    }
    return squares;
  }

  @Test
  void theValueIsTheSumRoundedOnce() {
    var squares = squares(1000);
    var exact = squares.stream().map(BigDecimal::new).reduce(BigDecimal.ZERO, BigDecimal::add);
    // Digits below the last place can add up to another unit of it.
    assertEquals(exact.doubleValue(), ExactSum.value(sum(squares)), Math.ulp(exact.doubleValue()));
  }

  @Test
  void theOrderAndThePartsChangeNoBit() {
    var squares = squares(1000);
    var value = ExactSum.value(sum(squares));
    Collections.shuffle(squares, new Random(2));
    var parts = sum(squares.subList(0, 300));
    ExactSum.add(parts, sum(squares.subList(300, 1000)));
    assertEquals(value, ExactSum.value(parts));
    var inOrder = squares.stream().mapToDouble(each -> each).sum();
    assertTrue(Math.abs(inOrder - value) <= 1e-12 * value, inOrder + " " + value);
  }

  /** The least and the greatest square of an F32 number, and 256 of the latter. */
  @ValueSource(doubles = {0, 0x1p-298, 0x1.fffffcp255, 0x1.fffffcp263})
  @ParameterizedTest
  void aTermKeepsItsValue(double square) {
    assertEquals(square, ExactSum.value(sum(List.of(square))));
    assertEquals(3 * square, ExactSum.value(sum(List.of(square, square, square))));
  }

  @ValueSource(doubles = {Double.NaN, Double.POSITIVE_INFINITY})
  @ParameterizedTest
  void aTermThatIsNotFiniteMakesTheSumNoNumber(double square) {
    assertTrue(Double.isNaN(ExactSum.value(sum(List.of(1.0, square, 1.0)))));
  }
}
