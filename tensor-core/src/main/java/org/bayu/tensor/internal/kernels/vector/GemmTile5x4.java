package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The tile for 32 vector registers: 5 rows by 4 vectors, 20 accumulators, 4 of B and 1 of A.
 *
 * <p>Written as {@link GemmTile4x3} is, and for its reasons.
 */
final class GemmTile5x4 {
  static final int ROWS = 5;
  static final int COLUMNS = 4 * LENGTH;

  /** Where a row's vectors begin, in bytes. */
  private static final long SECOND = 4L * LENGTH;

  private static final long THIRD = 8L * LENGTH;
  private static final long FOURTH = 12L * LENGTH;

  /** Bytes of one step of packed B. */
  private static final int STEP = 4 * COLUMNS;

  /** Each thread's, for one product; freed when the thread has ended. */
  private static final ThreadLocal<MemorySegment> PRODUCT =
      ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(4L * ROWS * COLUMNS, 64));

  private GemmTile5x4() {}

  /** C = A·B. */
  static void set(
      int k,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride) {
    Lanes.requireNative(a, b, c);
    var zero = FloatVector.zero(F32);
    var c00 = zero;
    var c01 = zero;
    var c02 = zero;
    var c03 = zero;
    var c10 = zero;
    var c11 = zero;
    var c12 = zero;
    var c13 = zero;
    var c20 = zero;
    var c21 = zero;
    var c22 = zero;
    var c23 = zero;
    var c30 = zero;
    var c31 = zero;
    var c32 = zero;
    var c33 = zero;
    var c40 = zero;
    var c41 = zero;
    var c42 = zero;
    var c43 = zero;
    var aNext = aAt;
    var end = k * STEP;
    for (var offset = 0; offset < end; offset += STEP) {
      var bNext = bAt + offset;
      var b0 = fromMemorySegment(F32, b, bNext, LITTLE_ENDIAN);
      var b1 = fromMemorySegment(F32, b, bNext + SECOND, LITTLE_ENDIAN);
      var b2 = fromMemorySegment(F32, b, bNext + THIRD, LITTLE_ENDIAN);
      var b3 = fromMemorySegment(F32, b, bNext + FOURTH, LITTLE_ENDIAN);
      var a0 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext));
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      c02 = a0.fma(b2, c02);
      c03 = a0.fma(b3, c03);
      var a1 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 4));
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      c12 = a1.fma(b2, c12);
      c13 = a1.fma(b3, c13);
      var a2 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 8));
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      c22 = a2.fma(b2, c22);
      c23 = a2.fma(b3, c23);
      var a3 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 12));
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      c32 = a3.fma(b2, c32);
      c33 = a3.fma(b3, c33);
      var a4 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 16));
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      c42 = a4.fma(b2, c42);
      c43 = a4.fma(b3, c43);
      aNext += 4 * ROWS;
    }
    c00.intoMemorySegment(c, cAt, LITTLE_ENDIAN);
    c01.intoMemorySegment(c, cAt + SECOND, LITTLE_ENDIAN);
    c02.intoMemorySegment(c, cAt + THIRD, LITTLE_ENDIAN);
    c03.intoMemorySegment(c, cAt + FOURTH, LITTLE_ENDIAN);
    var row1 = cAt + 4 * cStride;
    c10.intoMemorySegment(c, row1, LITTLE_ENDIAN);
    c11.intoMemorySegment(c, row1 + SECOND, LITTLE_ENDIAN);
    c12.intoMemorySegment(c, row1 + THIRD, LITTLE_ENDIAN);
    c13.intoMemorySegment(c, row1 + FOURTH, LITTLE_ENDIAN);
    var row2 = row1 + 4 * cStride;
    c20.intoMemorySegment(c, row2, LITTLE_ENDIAN);
    c21.intoMemorySegment(c, row2 + SECOND, LITTLE_ENDIAN);
    c22.intoMemorySegment(c, row2 + THIRD, LITTLE_ENDIAN);
    c23.intoMemorySegment(c, row2 + FOURTH, LITTLE_ENDIAN);
    var row3 = row2 + 4 * cStride;
    c30.intoMemorySegment(c, row3, LITTLE_ENDIAN);
    c31.intoMemorySegment(c, row3 + SECOND, LITTLE_ENDIAN);
    c32.intoMemorySegment(c, row3 + THIRD, LITTLE_ENDIAN);
    c33.intoMemorySegment(c, row3 + FOURTH, LITTLE_ENDIAN);
    var row4 = row3 + 4 * cStride;
    c40.intoMemorySegment(c, row4, LITTLE_ENDIAN);
    c41.intoMemorySegment(c, row4 + SECOND, LITTLE_ENDIAN);
    c42.intoMemorySegment(c, row4 + THIRD, LITTLE_ENDIAN);
    c43.intoMemorySegment(c, row4 + FOURTH, LITTLE_ENDIAN);
  }

  /**
   * C += A·B, the product summed from zero first: it lies in memory in between. Loads of C behind
   * the loop, as many as there are accumulators, are too many for C2, which makes objects of some.
   */
  static void add(
      int k,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride) {
    var product = PRODUCT.get();
    set(k, a, aAt, b, bAt, product, 0, COLUMNS);
    addProduct(product, c, cAt, cStride);
  }

  private static void addProduct(MemorySegment product, MemorySegment c, long cAt, long cStride) {
    Lanes.requireNative(product, c);
    var row = cAt;
    for (var from = 0; from < ROWS * STEP; from += STEP) {
      fromMemorySegment(F32, c, row, LITTLE_ENDIAN)
          .add(fromMemorySegment(F32, product, from, LITTLE_ENDIAN))
          .intoMemorySegment(c, row, LITTLE_ENDIAN);
      fromMemorySegment(F32, c, row + SECOND, LITTLE_ENDIAN)
          .add(fromMemorySegment(F32, product, from + SECOND, LITTLE_ENDIAN))
          .intoMemorySegment(c, row + SECOND, LITTLE_ENDIAN);
      fromMemorySegment(F32, c, row + THIRD, LITTLE_ENDIAN)
          .add(fromMemorySegment(F32, product, from + THIRD, LITTLE_ENDIAN))
          .intoMemorySegment(c, row + THIRD, LITTLE_ENDIAN);
      fromMemorySegment(F32, c, row + FOURTH, LITTLE_ENDIAN)
          .add(fromMemorySegment(F32, product, from + FOURTH, LITTLE_ENDIAN))
          .intoMemorySegment(c, row + FOURTH, LITTLE_ENDIAN);
      row += 4 * cStride;
    }
  }
}
