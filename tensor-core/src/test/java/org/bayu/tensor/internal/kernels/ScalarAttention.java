package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;

/**
 * The twin of attention's machine code in plain loops, for any processor. Sums of products
 * accumulate in double precision and are rounded once; weights are rounded where the machine code
 * rounds them. Packed rows are copies, row after row.
 */
public final class ScalarAttention implements AttentionKernels {
  /** What the machine code bounds the exponents of weights with. */
  private static final float LIMIT = 32;

  private static final int LANES = 16;

  /** Has no state. */
  public ScalarAttention() {}

  /** The kernels of the Vector API, with attention in bf16 by this twin. */
  public static Kernels withVectors() {
    return new VectorKernels() {
      private final AttentionKernels attention = new ScalarAttention();

      @Override
      public AttentionKernels attention() {
        return attention;
      }

      @Override
      public String toString() {
        return "vectors and the scalar twin of attention";
      }
    };
  }

  private static float bf16(MemorySegment x, long at) {
    return BFloat16.toFloat(x.get(JAVA_SHORT_UNALIGNED, at));
  }

  private static void setBf16(MemorySegment x, long at, float value) {
    x.set(JAVA_SHORT_UNALIGNED, at, BFloat16.fromFloat(value));
  }

  private static float f32(MemorySegment x, long at) {
    return x.get(JAVA_FLOAT_UNALIGNED, at);
  }

  private static void setF32(MemorySegment x, long at, float value) {
    x.set(JAVA_FLOAT_UNALIGNED, at, value);
  }

  private static float power(float exponent) {
    return (float) Math.pow(2, exponent);
  }

  /** The byte of a weight in a panel. */
  private static long panelAt(int row, int key) {
    return 4L * (row / 2 * PANEL_KEYS + key) + 2L * (row % 2);
  }

  @Override
  public DType weightType() {
    return DType.BF16;
  }

  @Override
  public long leftBytes(int rows, int headDim) {
    return 0;
  }

  @Override
  public long leftStride(int headDim) {
    return 2L * headDim;
  }

  @Override
  public void toLeft(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    // They are taken as they are.
  }

  @Override
  public long packedRowsBytes(int rows, int headDim) {
    return 2L * rows * headDim;
  }

  @Override
  public long packedFeaturesBytes(int rows, int headDim) {
    return 2L * rows * headDim;
  }

  @Override
  public long sumsStride(int headDim) {
    return 4L * headDim;
  }

  @Override
  public void packRows(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    for (var row = 0; row < rows; row++) {
      MemorySegment.copy(x, at + row * stride, to, toAt + 2L * row * headDim, 2L * headDim);
    }
  }

  @Override
  public void packFeatures(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    packRows(x, at, stride, rows, headDim, to, toAt);
  }

  @Override
  public void multiplyRows(
      int rows,
      MemorySegment a,
      long aAt,
      long stride,
      int headDim,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int columns,
      MemorySegment scores,
      long scoresAt) {
    for (var row = 0; row < rows; row++) {
      for (var column = 0; column < columns; column++) {
        var sum = 0.0;
        for (var i = 0; i < headDim; i++) {
          var x = bf16(packed, packedAt + 2L * (column * headDim + i));
          sum += (double) bf16(a, aAt + row * stride + 2L * i) * x;
        }
        setF32(scores, scoresAt + 4L * (row * BLOCK + column), (float) sum);
      }
    }
  }

  @Override
  public void multiplyFeatures(
      int rows,
      MemorySegment weights,
      long weightsAt,
      int keys,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int headDim,
      MemorySegment sums,
      long sumsAt) {
    for (var row = 0; row < rows; row++) {
      for (var feature = 0; feature < headDim; feature++) {
        var sum = 0.0;
        for (var key = 0; key < keys; key++) {
          var weight = bf16(weights, weightsAt + 2L * (row * BLOCK + key));
          sum += (double) weight * bf16(packed, packedAt + 2L * (key * headDim + feature));
        }
        addTo(sums, sumsAt + 4L * (row * headDim + feature), sum);
      }
    }
  }

  @Override
  public void multiplyTransposed(
      int key,
      int keys,
      MemorySegment panel,
      int from,
      int to,
      MemorySegment packed,
      long packedAt,
      int packedRows,
      int headDim,
      MemorySegment sums,
      long sumsAt) {
    for (var column = key; column < key + keys; column++) {
      for (var feature = 0; feature < headDim; feature++) {
        var sum = 0.0;
        for (var row = from; row < to; row++) {
          var weight = bf16(panel, panelAt(row, column));
          sum += (double) weight * bf16(packed, packedAt + 2L * (row * headDim + feature));
        }
        addTo(sums, sumsAt + 4L * (column * headDim + feature), sum);
      }
    }
  }

  private static void addTo(MemorySegment sums, long at, double sum) {
    setF32(sums, at, (float) (f32(sums, at) + sum));
  }

  @Override
  public void softmax(
      int rows,
      int columns,
      MemorySegment scores,
      long scoresAt,
      MemorySegment weights,
      long weightsAt,
      MemorySegment visible,
      long visibleAt,
      float scale,
      MemorySegment lanes,
      long lanesAt,
      MemorySegment shifts,
      long shiftsAt,
      MemorySegment raised) {
    for (var row = 0; row < rows; row++) {
      var seen = visible.get(JAVA_INT_UNALIGNED, visibleAt + 4L * row);
      var scoreAt = scoresAt + 4L * row * BLOCK;
      var laneAt = lanesAt + LANES_BYTES * row;
      var shiftAt = shiftsAt + SHIFT_BYTES * row;
      var greatest = Float.NEGATIVE_INFINITY;
      for (var key = 0; key < seen; key++) {
        greatest = Math.max(greatest, f32(scores, scoreAt + 4L * key));
      }
      if (scale * greatest + f32(shifts, shiftAt) > LIMIT) {
        raiseShift(-(scale * greatest), lanes, laneAt, shifts, shiftAt, raised);
      }
      var shift = f32(shifts, shiftAt);
      for (var key = 0; key < columns; key++) {
        var weight = key < seen ? power(scale * f32(scores, scoreAt + 4L * key) + shift) : 0;
        var at = laneAt + 4L * (key % LANES);
        setF32(lanes, at, f32(lanes, at) + weight);
        setBf16(weights, weightsAt + 2L * (row * BLOCK + key), weight);
      }
    }
  }

  private static void raiseShift(
      float shift,
      MemorySegment lanes,
      long laneAt,
      MemorySegment shifts,
      long shiftAt,
      MemorySegment raised) {
    var before = f32(shifts, shiftAt);
    var factor = power(shift - before);
    setF32(shifts, shiftAt, shift);
    for (var lane = 0; lane < LANES; lane++) {
      setF32(lanes, laneAt + 4L * lane, factor * f32(lanes, laneAt + 4L * lane));
    }
    if (before != Float.POSITIVE_INFINITY) {
      setF32(shifts, shiftAt + 4, factor);
      raised.set(JAVA_INT_UNALIGNED, 0, 1);
    }
  }

  @Override
  public void softmaxGradient(
      int from,
      int to,
      int columns,
      float scale,
      MemorySegment scores,
      MemorySegment products,
      MemorySegment visible,
      MemorySegment terms,
      long termsAt,
      MemorySegment gradients,
      MemorySegment weightsPanel,
      MemorySegment gradientsPanel) {
    for (var row = from; row < ((to + 1) & -2); row++) {
      var seen = visible.get(JAVA_INT_UNALIGNED, 4L * row);
      for (var key = 0; key < columns; key++) {
        var element = (long) row * BLOCK + key;
        var weight = 0f;
        var gradient = 0f;
        if (key < seen) {
          var termAt = termsAt + 8L * row;
          weight = power(scale * f32(scores, 4 * element) + f32(terms, termAt));
          gradient = weight * (f32(products, 4 * element) + f32(terms, termAt + 4));
        }
        setBf16(weightsPanel, panelAt(row, key), weight);
        setBf16(gradients, 2 * element, gradient);
        setBf16(gradientsPanel, panelAt(row, key), gradient);
      }
    }
  }

  @Override
  public void storeRows(
      int rows,
      MemorySegment sums,
      long sumsAt,
      MemorySegment factors,
      long factorStride,
      int headDim,
      MemorySegment to,
      long toAt,
      long stride) {
    for (var row = 0; row < rows; row++) {
      var factor = f32(factors, row * factorStride);
      for (var i = 0; i < headDim; i++) {
        var sum = f32(sums, sumsAt + 4L * (row * headDim + i));
        setBf16(to, toAt + row * stride + 2L * i, factor * sum);
      }
    }
  }
}
