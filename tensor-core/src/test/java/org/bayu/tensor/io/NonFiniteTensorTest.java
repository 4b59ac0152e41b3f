package org.bayu.tensor.io;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.OptionalLong;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class NonFiniteTensorTest {
  /** More than a chunk, and no multiple of one. */
  private static final int ELEMENTS = 40_001;

  @ParameterizedTest
  @EnumSource(
      value = DType.class,
      names = {"F32", "BF16", "F16"})
  void theFirstElementThatIsNoNumberIsFoundWhereverItStands(DType dtype) {
    try (var arena = Arena.ofConfined()) {
      for (var at : new int[] {0, 16_383, 16_384, ELEMENTS - 1}) {
        for (var value :
            new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
          var tensor = Tensor.allocate(arena, dtype, Shape.of(ELEMENTS));
          assertEquals(OptionalLong.empty(), NonFiniteTensorException.first(tensor));
          set(tensor, ELEMENTS - 1, Float.NaN);
          set(tensor, at, value);
          assertEquals(OptionalLong.of(at), NonFiniteTensorException.first(tensor));
        }
      }
    }
  }

  private static void set(Tensor tensor, long at, float value) {
    switch (tensor.dtype()) {
      case F32 -> tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, at, value);
      case BF16 -> tensor.data().setAtIndex(ValueLayout.JAVA_SHORT, at, BFloat16.fromFloat(value));
      default -> tensor.data().setAtIndex(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16(value));
    }
  }

  @ParameterizedTest
  @ValueSource(floats = {Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, -0f})
  void extremeNumbersAreNumbers(float value) {
    try (var arena = Arena.ofConfined()) {
      var tensor = Tensor.allocate(arena, DType.F32, Shape.of(3));
      set(tensor, 1, value);
      assertDoesNotThrow(() -> NonFiniteTensorException.check("t", tensor));
    }
  }

  @Test
  void theMessageNamesTheTensorAndTheValue() {
    try (var arena = Arena.ofConfined()) {
      var tensor = Tensor.allocate(arena, DType.BF16, Shape.of(2, 2));
      set(tensor, 3, Float.NEGATIVE_INFINITY);
      var e =
          assertThrows(
              NonFiniteTensorException.class,
              () -> NonFiniteTensorException.check("a\u001bb", tensor));
      assertEquals("tensor a\\u001bb holds -Infinity", e.getMessage());
      var whole = Tensor.allocate(arena, DType.I32, Shape.of(1));
      whole.data().setAtIndex(ValueLayout.JAVA_INT, 0, -1);
      assertDoesNotThrow(() -> NonFiniteTensorException.check("ids", whole));
    }
  }
}
