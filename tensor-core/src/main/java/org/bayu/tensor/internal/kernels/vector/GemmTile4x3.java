package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;

/**
 * The tile for 16 vector registers: 4 rows by 3 vectors, 12 accumulators, 3 of B and 1 of A.
 *
 * <p>Written for C2. The loop counts B's bytes: so its range checks are hoisted, and the stride is
 * too long for unrolling, which would put the multiply-adds of one accumulator one behind the
 * other. A's offset is a second variable, whose range checks stay: each keeps the compiler from
 * loading the next element of A early, for which there is no register. No helper methods, and
 * storing apart from adding: past a number of nodes C2 inlines only the JDK's own methods, and a
 * vector that crosses a call is an object on the heap. All of C is added before any of it is
 * stored: one by one the last accumulator would be an object.
 */
final class GemmTile4x3 {
  static final int ROWS = 4;
  static final int COLUMNS = 3 * LENGTH;

  /** Where a row's vectors begin, in bytes. */
  private static final long SECOND = 4L * LENGTH;

  private static final long THIRD = 8L * LENGTH;

  /** Bytes of one step of packed B. */
  private static final int STEP = 4 * COLUMNS;

  private GemmTile4x3() {}

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
    var c10 = zero;
    var c11 = zero;
    var c12 = zero;
    var c20 = zero;
    var c21 = zero;
    var c22 = zero;
    var c30 = zero;
    var c31 = zero;
    var c32 = zero;
    var aNext = aAt;
    var end = k * STEP;
    for (var offset = 0; offset < end; offset += STEP) {
      var bNext = bAt + offset;
      var b0 = fromMemorySegment(F32, b, bNext, LITTLE_ENDIAN);
      var b1 = fromMemorySegment(F32, b, bNext + SECOND, LITTLE_ENDIAN);
      var b2 = fromMemorySegment(F32, b, bNext + THIRD, LITTLE_ENDIAN);
      var a0 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext));
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      c02 = a0.fma(b2, c02);
      var a1 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 4));
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      c12 = a1.fma(b2, c12);
      var a2 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 8));
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      c22 = a2.fma(b2, c22);
      var a3 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 12));
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      c32 = a3.fma(b2, c32);
      aNext += 4 * ROWS;
    }
    c00.intoMemorySegment(c, cAt, LITTLE_ENDIAN);
    c01.intoMemorySegment(c, cAt + SECOND, LITTLE_ENDIAN);
    c02.intoMemorySegment(c, cAt + THIRD, LITTLE_ENDIAN);
    var row1 = cAt + 4 * cStride;
    c10.intoMemorySegment(c, row1, LITTLE_ENDIAN);
    c11.intoMemorySegment(c, row1 + SECOND, LITTLE_ENDIAN);
    c12.intoMemorySegment(c, row1 + THIRD, LITTLE_ENDIAN);
    var row2 = row1 + 4 * cStride;
    c20.intoMemorySegment(c, row2, LITTLE_ENDIAN);
    c21.intoMemorySegment(c, row2 + SECOND, LITTLE_ENDIAN);
    c22.intoMemorySegment(c, row2 + THIRD, LITTLE_ENDIAN);
    var row3 = row2 + 4 * cStride;
    c30.intoMemorySegment(c, row3, LITTLE_ENDIAN);
    c31.intoMemorySegment(c, row3 + SECOND, LITTLE_ENDIAN);
    c32.intoMemorySegment(c, row3 + THIRD, LITTLE_ENDIAN);
  }

  /** C += A·B, the product summed from zero first. */
  static void add(
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
    var c10 = zero;
    var c11 = zero;
    var c12 = zero;
    var c20 = zero;
    var c21 = zero;
    var c22 = zero;
    var c30 = zero;
    var c31 = zero;
    var c32 = zero;
    var aNext = aAt;
    var end = k * STEP;
    for (var offset = 0; offset < end; offset += STEP) {
      var bNext = bAt + offset;
      var b0 = fromMemorySegment(F32, b, bNext, LITTLE_ENDIAN);
      var b1 = fromMemorySegment(F32, b, bNext + SECOND, LITTLE_ENDIAN);
      var b2 = fromMemorySegment(F32, b, bNext + THIRD, LITTLE_ENDIAN);
      var a0 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext));
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      c02 = a0.fma(b2, c02);
      var a1 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 4));
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      c12 = a1.fma(b2, c12);
      var a2 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 8));
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      c22 = a2.fma(b2, c22);
      var a3 = FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, aNext + 12));
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      c32 = a3.fma(b2, c32);
      aNext += 4 * ROWS;
    }
    var row1 = cAt + 4 * cStride;
    var row2 = row1 + 4 * cStride;
    var row3 = row2 + 4 * cStride;
    c00 = c00.add(fromMemorySegment(F32, c, cAt, LITTLE_ENDIAN));
    c01 = c01.add(fromMemorySegment(F32, c, cAt + SECOND, LITTLE_ENDIAN));
    c02 = c02.add(fromMemorySegment(F32, c, cAt + THIRD, LITTLE_ENDIAN));
    c10 = c10.add(fromMemorySegment(F32, c, row1, LITTLE_ENDIAN));
    c11 = c11.add(fromMemorySegment(F32, c, row1 + SECOND, LITTLE_ENDIAN));
    c12 = c12.add(fromMemorySegment(F32, c, row1 + THIRD, LITTLE_ENDIAN));
    c20 = c20.add(fromMemorySegment(F32, c, row2, LITTLE_ENDIAN));
    c21 = c21.add(fromMemorySegment(F32, c, row2 + SECOND, LITTLE_ENDIAN));
    c22 = c22.add(fromMemorySegment(F32, c, row2 + THIRD, LITTLE_ENDIAN));
    c30 = c30.add(fromMemorySegment(F32, c, row3, LITTLE_ENDIAN));
    c31 = c31.add(fromMemorySegment(F32, c, row3 + SECOND, LITTLE_ENDIAN));
    c32 = c32.add(fromMemorySegment(F32, c, row3 + THIRD, LITTLE_ENDIAN));
    c00.intoMemorySegment(c, cAt, LITTLE_ENDIAN);
    c01.intoMemorySegment(c, cAt + SECOND, LITTLE_ENDIAN);
    c02.intoMemorySegment(c, cAt + THIRD, LITTLE_ENDIAN);
    c10.intoMemorySegment(c, row1, LITTLE_ENDIAN);
    c11.intoMemorySegment(c, row1 + SECOND, LITTLE_ENDIAN);
    c12.intoMemorySegment(c, row1 + THIRD, LITTLE_ENDIAN);
    c20.intoMemorySegment(c, row2, LITTLE_ENDIAN);
    c21.intoMemorySegment(c, row2 + SECOND, LITTLE_ENDIAN);
    c22.intoMemorySegment(c, row2 + THIRD, LITTLE_ENDIAN);
    c30.intoMemorySegment(c, row3, LITTLE_ENDIAN);
    c31.intoMemorySegment(c, row3 + SECOND, LITTLE_ENDIAN);
    c32.intoMemorySegment(c, row3 + THIRD, LITTLE_ENDIAN);
  }
}
