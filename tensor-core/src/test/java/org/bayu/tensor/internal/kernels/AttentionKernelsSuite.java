package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.bayu.tensor.internal.kernels.AttentionKernels.BLOCK;
import static org.bayu.tensor.internal.kernels.AttentionKernels.PANEL_KEYS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * The steps of attention in bf16 beside their formulas in double precision, with guards around what
 * they write.
 */
abstract class AttentionKernelsSuite {
  private static final int GUARD = 256;
  private static final byte GUARDED = 0x5A;
  private static final int[] SIZES = {1, 2, 3, 7, 15, 16, 17, 33, 63, 64, 65, 100, 127, 128};
  private static final int[] HEAD_DIMS = {2, 6, 8, 16, 62, 64, 80, 128, 256};

  private final Arena arena = Arena.ofConfined();
  private final List<MemorySegment> guarded = new ArrayList<>();
  private final Random random = new Random(5);
  private final AttentionKernels kernels;

  AttentionKernelsSuite(AttentionKernels kernels) {
    this.kernels = kernels;
  }

  @AfterEach
  void free() {
    arena.close();
  }

  /** Memory between guards, full of NaN. */
  private MemorySegment memory(long bytes) {
    var all = arena.allocate(bytes + 2 * GUARD, 64).fill(GUARDED);
    guarded.add(all);
    return all.asSlice(GUARD, bytes).fill((byte) 0xFF);
  }

  private void assertGuardsAreWhole() {
    for (var all : guarded) {
      for (var i = 0L; i < GUARD; i++) {
        assertEquals(GUARDED, all.get(JAVA_BYTE, i));
        var behind = all.byteSize() - GUARD + i;
        assertEquals(GUARDED, all.get(JAVA_BYTE, behind));
      }
    }
    guarded.clear();
  }

  /** Rows of bf16, {@code stride} elements apart. */
  private MemorySegment rows(int rows, int stride) {
    var x = memory(2L * rows * stride);
    for (var i = 0; i < rows * stride; i++) {
      x.setAtIndex(JAVA_SHORT, i, BFloat16.fromFloat((float) random.nextGaussian()));
    }
    return x;
  }

  private static float bf16(MemorySegment x, long element) {
    return BFloat16.toFloat(x.getAtIndex(JAVA_SHORT, element));
  }

  private int size() {
    return SIZES[random.nextInt(SIZES.length)];
  }

  /** |error| of a binary32 sum of {@code n} products whose magnitudes sum to {@code size}. */
  private static double bound(int n, double size) {
    return (n + 1) * 0x1p-23 * size + 1e-30;
  }

  @Test
  void productsWithRowsEqualTheirSums() {
    for (var headDim : HEAD_DIMS) {
      for (var i = 0; i < 6; i++) {
        var rows = size();
        var packedRows = size();
        var columns = 1 + random.nextInt(packedRows);
        var stride = headDim + 2;
        var a = rows(rows, stride);
        var x = rows(packedRows, stride);
        var packed = memory(kernels.packedRowsBytes(packedRows, headDim));
        var scores = memory(AttentionKernels.SCORES_BYTES);
        kernels.packRows(x, 0, 2L * stride, packedRows, headDim, packed, 0);
        var copies = kernels.leftBytes(rows, headDim) > 0;
        var left = copies ? memory(kernels.leftBytes(rows, headDim)) : a;
        var leftStride = copies ? kernels.leftStride(headDim) : 2L * stride;
        kernels.toLeft(a, 0, 2L * stride, rows, headDim, left, 0);
        kernels.multiplyRows(
            rows, left, 0, leftStride, headDim, packed, 0, packedRows, columns, scores, 0);
        for (var row = 0; row < rows; row++) {
          for (var column = 0; column < columns; column++) {
            var sum = 0.0;
            var size = 0.0;
            for (var k = 0; k < headDim; k++) {
              var product = bf16(a, row * stride + k) * bf16(x, column * stride + k);
              sum += product;
              size += Math.abs(product);
            }
            var actual = scores.getAtIndex(JAVA_FLOAT, (long) row * BLOCK + column);
            assertEquals(sum, actual, bound(headDim, size), headDim + ": " + row + ", " + column);
          }
        }
        assertGuardsAreWhole();
      }
    }
  }

  /** Weights in both layouts. */
  private MemorySegment weights(int rows, int columns, MemorySegment panel) {
    var weights = memory(kernels.weightsBytes());
    weights.fill((byte) 0);
    for (var row = 0; row < rows; row++) {
      for (var column = 0; column < columns; column++) {
        var value = BFloat16.round((float) random.nextGaussian());
        setWeight(weights, weightAt(row, column), value);
        setWeight(panel, panelAt(row, column), value);
      }
    }
    return weights;
  }

  private long weightAt(int row, int column) {
    return kernels.weightAt(row) + (long) kernels.weightType().bytes() * column;
  }

  /** The byte of a weight in a panel. */
  private long panelAt(int row, int column) {
    return kernels.weightType() == DType.F32
        ? 4L * (row * PANEL_KEYS + column)
        : 4L * (row / 2 * PANEL_KEYS + column) + 2L * (row % 2);
  }

  private float weight(MemorySegment weights, long at) {
    return kernels.weightType() == DType.F32
        ? weights.get(JAVA_FLOAT, at)
        : BFloat16.toFloat(weights.get(JAVA_SHORT, at));
  }

  private void setWeight(MemorySegment weights, long at, float value) {
    if (kernels.weightType() == DType.F32) {
      weights.set(JAVA_FLOAT, at, value);
    } else {
      weights.set(JAVA_SHORT, at, BFloat16.fromFloat(value));
    }
  }

  @Test
  void productsWithFeaturesAddTheirSums() {
    for (var headDim : HEAD_DIMS) {
      for (var i = 0; i < 6; i++) {
        var rows = size();
        var packedRows = size();
        var keys = 1 + random.nextInt(packedRows);
        var x = rows(packedRows, headDim + 2);
        var packed = memory(kernels.packedFeaturesBytes(packedRows, headDim));
        kernels.packFeatures(x, 0, 2L * (headDim + 2), packedRows, headDim, packed, 0);
        var weights = weights(rows, keys, memory(kernels.panelBytes()));
        var sums = ones(rows, headDim);
        kernels.multiplyFeatures(rows, weights, 0, keys, packed, 0, packedRows, headDim, sums, 0);
        for (var row = 0; row < rows; row++) {
          for (var feature = 0; feature < headDim; feature++) {
            var sum = 1.0;
            var size = 1.0;
            for (var key = 0; key < keys; key++) {
              var product =
                  weight(weights, weightAt(row, key))
                      * bf16(x, (long) key * (headDim + 2) + feature);
              sum += product;
              size += Math.abs(product);
            }
            assertSum(sum, bound(keys, size), sums, headDim, row, feature);
          }
        }
        assertGuardsAreWhole();
      }
    }
  }

  private MemorySegment ones(int rows, int headDim) {
    var sums = memory(rows * kernels.sumsStride(headDim));
    for (var i = 0L; i < sums.byteSize() / 4; i++) {
      sums.setAtIndex(JAVA_FLOAT, i, 1);
    }
    return sums;
  }

  private void assertSum(
      double expected, double error, MemorySegment sums, int headDim, int row, int feature) {
    var actual = sums.get(JAVA_FLOAT, row * kernels.sumsStride(headDim) + 4L * feature);
    assertEquals(expected, actual, error, headDim + ": " + row + ", " + feature);
  }

  @Test
  void transposedProductsAddTheirSums() {
    for (var headDim : HEAD_DIMS) {
      for (var i = 0; i < 6; i++) {
        var packedRows = size();
        var keys = size();
        var key = random.nextInt(keys);
        var to = 1 + random.nextInt(packedRows);
        var from = random.nextInt(to) & -2;
        var x = rows(packedRows, headDim + 2);
        var packed = memory(kernels.packedFeaturesBytes(packedRows, headDim));
        kernels.packFeatures(x, 0, 2L * (headDim + 2), packedRows, headDim, packed, 0);
        var panel = memory(kernels.panelBytes());
        panel.fill((byte) 0);
        var weights = weights(to, keys, panel);
        var sums = ones(keys, headDim);
        kernels.multiplyTransposed(
            key, keys - key, panel, from, to, packed, 0, packedRows, headDim, sums, 0);
        for (var column = 0; column < keys; column++) {
          for (var feature = 0; feature < headDim; feature++) {
            var sum = 1.0;
            var size = 1.0;
            for (var row = from; row < to && column >= key; row++) {
              var product =
                  weight(weights, weightAt(row, column))
                      * bf16(x, (long) row * (headDim + 2) + feature);
              sum += product;
              size += Math.abs(product);
            }
            assertSum(sum, bound(to, size), sums, headDim, column, feature);
          }
        }
        assertGuardsAreWhole();
      }
    }
  }

  private MemorySegment scores(double size) {
    var scores = memory(AttentionKernels.SCORES_BYTES);
    for (var i = 0; i < BLOCK * BLOCK; i++) {
      scores.setAtIndex(JAVA_FLOAT, i, (float) (size * random.nextGaussian()));
    }
    return scores;
  }

  private MemorySegment visible(int from, int to, int columns) {
    var visible = memory(4L * BLOCK);
    for (var row = from; row < to; row++) {
      visible.setAtIndex(JAVA_INT, row, 1 + random.nextInt(columns));
    }
    return visible;
  }

  /**
   * The rounding to the weights' type of a number that is itself within 3·2⁻²⁴ and a rounded
   * exponent's error.
   */
  private double weightError(double weight, double exponent) {
    var rounding = kernels.weightType() == DType.F32 ? 0x1p-22 : 0x1.01p-8;
    return weight * (rounding + 0x1p-23 * Math.abs(exponent)) + 0x1p-126;
  }

  @Test
  void softmaxEqualsPowersOfTwoAndSumsThem() {
    for (var columns : SIZES) {
      for (var size : new double[] {1, 40, 4000}) {
        var rows = size();
        var scores = scores(size);
        var visible = visible(0, rows, columns);
        var weights = memory(kernels.weightsBytes());
        var lanes = memory(AttentionKernels.LANES_BYTES * rows);
        var shifts = memory(AttentionKernels.SHIFT_BYTES * rows);
        var raised = memory(4);
        raised.set(JAVA_INT, 0, 0);
        lanes.fill((byte) 0);
        var before = new float[rows];
        for (var row = 0; row < rows; row++) {
          before[row] = row % 3 == 0 ? Float.POSITIVE_INFINITY : (float) (size * (row % 2));
          shifts.setAtIndex(JAVA_FLOAT, 2L * row, before[row]);
          shifts.setAtIndex(JAVA_FLOAT, 2L * row + 1, 1);
          lanes.setAtIndex(JAVA_FLOAT, 16L * row, row % 3 == 0 ? 0 : 7);
        }
        var scale = 0.7f;
        kernels.softmax(
            rows, columns, scores, 0, weights, 0, visible, 0, scale, lanes, 0, shifts, 0, raised);
        var isRaised = false;
        for (var row = 0; row < rows; row++) {
          var seen = visible.getAtIndex(JAVA_INT, row);
          var greatest = Double.NEGATIVE_INFINITY;
          for (var key = 0; key < seen; key++) {
            greatest = Math.max(greatest, scale * scores.getAtIndex(JAVA_FLOAT, row * 128L + key));
          }
          var shift = shifts.getAtIndex(JAVA_FLOAT, 2L * row);
          var factor = shifts.getAtIndex(JAVA_FLOAT, 2L * row + 1);
          var raises = greatest + before[row] > 32;
          var scaled = raises && before[row] != Float.POSITIVE_INFINITY;
          isRaised |= scaled;
          assertEquals(raises ? -greatest : before[row], shift, 0x1p-22 * Math.abs(greatest));
          var expectedFactor = scaled ? Math.pow(2, (double) shift - before[row]) : 1;
          assertEquals(expectedFactor, factor, 0x1p-20 * expectedFactor * 100 + 0x1p-126);
          var sum = row % 3 == 0 ? 0 : 7 * (double) factor;
          for (var key = 0; key < columns; key++) {
            var actual = weight(weights, weightAt(row, key));
            var exponent = scale * (double) scores.getAtIndex(JAVA_FLOAT, row * 128L + key) + shift;
            var expected = key < seen ? Math.pow(2, exponent) : 0;
            sum += expected;
            // Both the product and the shift are rounded, however small their sum is.
            var error = weightError(expected, Math.abs(exponent) + Math.abs(shift));
            assertEquals(expected, actual, error, row + ", " + key);
          }
          var laneSum = 0.0;
          for (var lane = 0; lane < 16; lane++) {
            laneSum += lanes.getAtIndex(JAVA_FLOAT, 16L * row + lane);
          }
          // Exponents of up to 32 and sums of some terms; greatest errors where exponents are.
          assertEquals(sum, laneSum, sum * 0x1p-23 * (40 + Math.abs(greatest)), "row " + row);
        }
        assertEquals(isRaised ? 1 : 0, raised.get(JAVA_INT, 0));
        assertGuardsAreWhole();
      }
    }
  }

  @Test
  void powersAreWithinTwoUnitsInTheLastPlace() {
    var scores = memory(AttentionKernels.SCORES_BYTES);
    var weights = memory(kernels.weightsBytes());
    var visible = memory(4L * BLOCK);
    var lanes = memory(AttentionKernels.LANES_BYTES * BLOCK);
    var shifts = memory(AttentionKernels.SHIFT_BYTES * BLOCK);
    var raised = memory(4);
    shifts.fill((byte) 0);
    for (var row = 0; row < BLOCK; row++) {
      visible.setAtIndex(JAVA_INT, row, 16);
    }
    var largest = 0.0;
    var steps = 200_000;
    for (var step = 0; step < steps; step += 16 * BLOCK) {
      for (var i = 0; i < 16 * BLOCK; i++) {
        var t = -126 + 158.0 * (step + i) / steps;
        scores.setAtIndex(JAVA_FLOAT, (long) i / 16 * BLOCK + i % 16, (float) Math.min(t, 32));
      }
      lanes.fill((byte) 0);
      kernels.softmax(BLOCK, 16, scores, 0, weights, 0, visible, 0, 1, lanes, 0, shifts, 0, raised);
      for (var i = 0; i < 16 * BLOCK; i++) {
        var t = scores.getAtIndex(JAVA_FLOAT, (long) i / 16 * BLOCK + i % 16);
        var exact = StrictMath.pow(2, t);
        var error = Math.abs(lanes.getAtIndex(JAVA_FLOAT, i) - exact) / Math.ulp((float) exact);
        largest = Math.max(largest, error);
      }
    }
    assertTrue(largest <= 2, largest + " units");
  }

  @Test
  void softmaxGradientsEqualTheirFormula() {
    for (var columns : SIZES) {
      for (var i = 0; i < 4; i++) {
        var from = 2 * random.nextInt(BLOCK / 2);
        var to = from + 2 * (1 + random.nextInt((BLOCK - from) / 2));
        var scores = scores(3);
        var products = scores(3);
        var visible = visible(from, to, columns);
        visible.setAtIndex(JAVA_INT, from, 0);
        var terms = memory(8L * BLOCK);
        for (var j = 0; j < 2 * BLOCK; j++) {
          terms.setAtIndex(JAVA_FLOAT, j, (float) random.nextGaussian() - 3);
        }
        // What is hidden may be anything.
        products.setAtIndex(JAVA_FLOAT, from * 128L, Float.NaN);
        terms.setAtIndex(JAVA_FLOAT, 2L * from, Float.NaN);
        var weightsPanel = memory(kernels.panelBytes());
        var gradientsPanel = memory(kernels.panelBytes());
        var isPanel = kernels.weightType() == DType.F32;
        var gradients = isPanel ? gradientsPanel : memory(kernels.weightsBytes());
        var scale = 0.3f;
        kernels.softmaxGradient(
            from,
            to,
            columns,
            scale,
            scores,
            products,
            visible,
            terms,
            0,
            gradients,
            weightsPanel,
            gradientsPanel);
        for (var row = from; row < to; row++) {
          for (var key = 0; key < columns; key++) {
            var at = row * 128L + key;
            var hidden = key >= visible.getAtIndex(JAVA_INT, row);
            var exponent =
                hidden
                    ? 0
                    : scale * (double) scores.getAtIndex(JAVA_FLOAT, at)
                        + terms.getAtIndex(JAVA_FLOAT, 2L * row);
            var weight = hidden ? 0 : Math.pow(2, exponent);
            var factor =
                (double) products.getAtIndex(JAVA_FLOAT, at)
                    + terms.getAtIndex(JAVA_FLOAT, 2L * row + 1);
            var gradient = hidden ? 0 : weight * factor;
            var what = row + ", " + key;
            var error = weightError(weight, exponent);
            assertEquals(weight, weight(weightsPanel, panelAt(row, key)), error, what);
            error = weightError(Math.abs(gradient), exponent) + 0x1p-22 * 16 * weight;
            assertEquals(gradient, weight(gradients, weightAt(row, key)), error, what);
            assertEquals(
                weight(gradients, weightAt(row, key)),
                weight(gradientsPanel, panelAt(row, key)),
                what);
          }
        }
        assertGuardsAreWhole();
      }
    }
  }

  @Test
  void storedRowsAreRoundedToNearestEven() {
    for (var headDim : HEAD_DIMS) {
      for (var factorStride : new long[] {0, 4}) {
        var rows = size();
        var sums = memory(rows * kernels.sumsStride(headDim));
        for (var i = 0; i < sums.byteSize() / 4; i++) {
          sums.setAtIndex(JAVA_FLOAT, i, (float) random.nextGaussian());
        }
        var factors = memory(4L * rows);
        for (var row = 0; row < rows; row++) {
          factors.setAtIndex(JAVA_FLOAT, row, (float) random.nextGaussian());
        }
        var stride = headDim + 6;
        var to = memory(2L * rows * stride);
        kernels.storeRows(rows, sums, 0, factors, factorStride, headDim, to, 0, 2L * stride);
        for (var row = 0; row < rows; row++) {
          var factor = factors.get(JAVA_FLOAT, row * factorStride);
          for (var i = 0; i < stride; i++) {
            var actual = to.getAtIndex(JAVA_SHORT, (long) row * stride + i);
            var sum = sums.get(JAVA_FLOAT, row * kernels.sumsStride(headDim) + 4L * (i % headDim));
            var expected = i < headDim ? BFloat16.fromFloat(factor * sum) : (short) -1;
            assertEquals(expected, actual, headDim + ": " + row + ", " + i);
          }
        }
        assertGuardsAreWhole();
      }
    }
  }
}
