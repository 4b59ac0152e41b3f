package org.bayu.tensor.nn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PartTest {
  private final Arena arena = Arena.ofConfined();

  /** The element of row i and column j is 10·i + j. */
  private final Tensor whole = Tensor.allocate(arena, DType.BF16, Shape.of(4, 6));

  PartTest() {
    for (var i = 0; i < 24; i++) {
      whole.setFloat(i, 10 * (i / 6) + i % 6);
    }
  }

  @AfterEach
  void free() {
    arena.close();
  }

  @Test
  void partsAreNeighbouringRowsOrColumns() {
    var rows = new Part(Part.Axis.ROWS, 1, 2).of(whole, arena);
    assertArrayEquals(
        new float[] {20, 21, 22, 23, 24, 25, 30, 31, 32, 33, 34, 35}, rows.toFloats());
    var columns = new Part(Part.Axis.COLUMNS, 2, 3).of(whole, arena);
    assertArrayEquals(new float[] {4, 5, 14, 15, 24, 25, 34, 35}, columns.toFloats());
    assertEquals(4, new Part(Part.Axis.COLUMNS, 2, 3).firstColumn(2));
    assertEquals(0, new Part(Part.Axis.ROWS, 1, 2).firstColumn(6));
    assertSame(whole, Part.WHOLE.of(whole, arena));
  }

  @Test
  void rowsAreNotCopied() {
    var rows = new Part(Part.Axis.ROWS, 1, 2).of(whole, arena);
    whole.setFloat(12, 7);
    assertEquals(7, rows.getFloat(0));
  }

  @ParameterizedTest
  @EnumSource
  void allPartsTogetherAreTheWhole(Part.Axis axis) {
    var copy = Tensor.allocate(arena, DType.BF16, whole.shape());
    for (var i = 0; i < 2; i++) {
      var part = new Part(axis, i, 2);
      var tensor = part.of(whole, arena);
      assertEquals(whole.shape(), part.wholeShape(tensor.shape()));
      part.copy(tensor, copy);
    }
    assertArrayEquals(whole.toFloats(), copy.toFloats());
  }

  @ParameterizedTest
  @EnumSource
  void aPartOfWhatHasNoMemoryHasNone(Part.Axis axis) {
    var shape = Tensor.withoutMemory(DType.F32, whole.shape());
    var part = new Part(axis, 1, 2);
    assertFalse(part.of(shape, arena).hasMemory());
    assertEquals(part.of(whole, arena).shape(), part.of(shape, arena).shape());
  }

  @Test
  void whatCannotBeCutIsRefused() {
    var e =
        assertThrows(
            ShapeException.class, () -> new Part(Part.Axis.ROWS, 0, 3).shape(whole.shape()));
    assertEquals("[4, 6] cannot be cut into 3 parts of its rows", e.getMessage());
    assertThrows(ShapeException.class, () -> new Part(Part.Axis.ROWS, 0, 2).shape(Shape.of(4)));
  }
}
