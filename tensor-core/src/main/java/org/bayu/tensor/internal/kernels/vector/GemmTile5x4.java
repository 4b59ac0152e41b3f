package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.store;

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

  private static final int STEP = 4 * COLUMNS;

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
      var b0 = load(b, bAt + offset, 0);
      var b1 = load(b, bAt + offset, LENGTH);
      var b2 = load(b, bAt + offset, 2 * LENGTH);
      var b3 = load(b, bAt + offset, 3 * LENGTH);
      var a0 = broadcast(a, aNext);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      c02 = a0.fma(b2, c02);
      c03 = a0.fma(b3, c03);
      var a1 = broadcast(a, aNext + 4);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      c12 = a1.fma(b2, c12);
      c13 = a1.fma(b3, c13);
      var a2 = broadcast(a, aNext + 8);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      c22 = a2.fma(b2, c22);
      c23 = a2.fma(b3, c23);
      var a3 = broadcast(a, aNext + 12);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      c32 = a3.fma(b2, c32);
      c33 = a3.fma(b3, c33);
      var a4 = broadcast(a, aNext + 16);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      c42 = a4.fma(b2, c42);
      c43 = a4.fma(b3, c43);
      aNext += 4 * ROWS;
    }
    store(c00, c, cAt, 0);
    store(c01, c, cAt, LENGTH);
    store(c02, c, cAt, 2 * LENGTH);
    store(c03, c, cAt, 3 * LENGTH);
    store(c10, c, cAt + 4 * cStride, 0);
    store(c11, c, cAt + 4 * cStride, LENGTH);
    store(c12, c, cAt + 4 * cStride, 2 * LENGTH);
    store(c13, c, cAt + 4 * cStride, 3 * LENGTH);
    store(c20, c, cAt + 8 * cStride, 0);
    store(c21, c, cAt + 8 * cStride, LENGTH);
    store(c22, c, cAt + 8 * cStride, 2 * LENGTH);
    store(c23, c, cAt + 8 * cStride, 3 * LENGTH);
    store(c30, c, cAt + 12 * cStride, 0);
    store(c31, c, cAt + 12 * cStride, LENGTH);
    store(c32, c, cAt + 12 * cStride, 2 * LENGTH);
    store(c33, c, cAt + 12 * cStride, 3 * LENGTH);
    store(c40, c, cAt + 16 * cStride, 0);
    store(c41, c, cAt + 16 * cStride, LENGTH);
    store(c42, c, cAt + 16 * cStride, 2 * LENGTH);
    store(c43, c, cAt + 16 * cStride, 3 * LENGTH);
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
      var b0 = load(b, bAt + offset, 0);
      var b1 = load(b, bAt + offset, LENGTH);
      var b2 = load(b, bAt + offset, 2 * LENGTH);
      var b3 = load(b, bAt + offset, 3 * LENGTH);
      var a0 = broadcast(a, aNext);
      c00 = a0.fma(b0, c00);
      c01 = a0.fma(b1, c01);
      c02 = a0.fma(b2, c02);
      c03 = a0.fma(b3, c03);
      var a1 = broadcast(a, aNext + 4);
      c10 = a1.fma(b0, c10);
      c11 = a1.fma(b1, c11);
      c12 = a1.fma(b2, c12);
      c13 = a1.fma(b3, c13);
      var a2 = broadcast(a, aNext + 8);
      c20 = a2.fma(b0, c20);
      c21 = a2.fma(b1, c21);
      c22 = a2.fma(b2, c22);
      c23 = a2.fma(b3, c23);
      var a3 = broadcast(a, aNext + 12);
      c30 = a3.fma(b0, c30);
      c31 = a3.fma(b1, c31);
      c32 = a3.fma(b2, c32);
      c33 = a3.fma(b3, c33);
      var a4 = broadcast(a, aNext + 16);
      c40 = a4.fma(b0, c40);
      c41 = a4.fma(b1, c41);
      c42 = a4.fma(b2, c42);
      c43 = a4.fma(b3, c43);
      aNext += 4 * ROWS;
    }
    addTo(c, cAt, 0, c00);
    addTo(c, cAt, LENGTH, c01);
    addTo(c, cAt, 2 * LENGTH, c02);
    addTo(c, cAt, 3 * LENGTH, c03);
    addTo(c, cAt + 4 * cStride, 0, c10);
    addTo(c, cAt + 4 * cStride, LENGTH, c11);
    addTo(c, cAt + 4 * cStride, 2 * LENGTH, c12);
    addTo(c, cAt + 4 * cStride, 3 * LENGTH, c13);
    addTo(c, cAt + 8 * cStride, 0, c20);
    addTo(c, cAt + 8 * cStride, LENGTH, c21);
    addTo(c, cAt + 8 * cStride, 2 * LENGTH, c22);
    addTo(c, cAt + 8 * cStride, 3 * LENGTH, c23);
    addTo(c, cAt + 12 * cStride, 0, c30);
    addTo(c, cAt + 12 * cStride, LENGTH, c31);
    addTo(c, cAt + 12 * cStride, 2 * LENGTH, c32);
    addTo(c, cAt + 12 * cStride, 3 * LENGTH, c33);
    addTo(c, cAt + 16 * cStride, 0, c40);
    addTo(c, cAt + 16 * cStride, LENGTH, c41);
    addTo(c, cAt + 16 * cStride, 2 * LENGTH, c42);
    addTo(c, cAt + 16 * cStride, 3 * LENGTH, c43);
  }

  private static FloatVector broadcast(MemorySegment a, long at) {
    return FloatVector.broadcast(F32, a.get(JAVA_FLOAT_UNALIGNED, at));
  }

  private static void addTo(MemorySegment c, long at, int index, FloatVector product) {
    store(product.add(load(c, at, index)), c, at, index);
  }
}
