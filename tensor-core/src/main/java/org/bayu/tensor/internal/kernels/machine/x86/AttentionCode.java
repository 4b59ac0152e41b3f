package org.bayu.tensor.internal.kernels.machine.x86;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;
import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;

/**
 * Attention's tiles in machine code: products by {@link TileCode}, what is between them by {@link
 * SoftmaxCode} and {@link SoftmaxGradientCode}. Nothing here checks a range.
 */
final class AttentionCode implements AttentionKernels {
  private final ProductCode products;
  private final List<MemorySegment> softmax;
  private final MemorySegment softmaxGradient;
  private final MemorySegment store;

  /**
   * Assembles it.
   *
   * @param products of bf16
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  AttentionCode(CallingConvention convention, ProductCode products) throws CodeRefusedException {
    this.products = products;
    var asm = new Avx512Assembler();
    List<Integer> softmaxAt = new ArrayList<>();
    for (var pairs = 1; pairs <= BLOCK / 32; pairs++) {
      asm.align(64);
      softmaxAt.add(asm.position());
      SoftmaxCode.emit(asm, convention, pairs);
    }
    asm.align(64);
    var gradientAt = asm.position();
    SoftmaxGradientCode.emit(asm, convention);
    asm.align(64);
    var storeAt = asm.position();
    RowCode.emit(asm, convention);
    var code = CodeBuffer.of(asm.toByteArray());
    softmax = softmaxAt.stream().map(code::address).toList();
    softmaxGradient = code.address(gradientAt);
    store = code.address(storeAt);
  }

  private static int roundUp(int a, int multiple) {
    return (a + multiple - 1) / multiple * multiple;
  }

  /** Lanes of the panel of packed lanes that begins with {@code lane}. */
  private static int width(int lanes, int lane) {
    return Math.min(COLUMNS, roundUp(lanes - lane, 16));
  }

  @Override
  public long packedRowsBytes(int rows, int headDim) {
    return 4L * roundUp(rows, 16) * roundUp(headDim / 2, 16) + ProductCode.POINTER_BYTES;
  }

  @Override
  public long packedFeaturesBytes(int rows, int headDim) {
    return 4L * ((rows + 1) / 2) * roundUp(headDim, 16);
  }

  @Override
  public long sumsStride(int headDim) {
    return 4L * roundUp(headDim, 16);
  }

  @Override
  public void packRows(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    var steps = roundUp(headDim / 2, 16);
    var pointersAt = toAt + packedRowsBytes(rows, headDim) - ProductCode.POINTER_BYTES;
    for (var row = 0; row < rows; row += COLUMNS) {
      var count = Math.min(COLUMNS, rows - row);
      var panelAt = toAt + 4L * row * steps;
      products.packSteps(
          DType.BF16,
          x.address() + at + row * stride,
          stride,
          count,
          headDim,
          to.address() + panelAt,
          width(rows, row),
          to,
          pointersAt);
    }
  }

  @Override
  public void packFeatures(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    var steps = (rows + 1) / 2;
    for (var feature = 0; feature < headDim; feature += COLUMNS) {
      var count = Math.min(COLUMNS, headDim - feature);
      var panelAt = toAt + 4L * feature * steps;
      products.packLanes(
          DType.BF16,
          x.address() + at + 2L * feature,
          stride,
          count,
          rows,
          to.address() + panelAt,
          width(headDim, feature));
    }
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
    var panelSteps = roundUp(headDim / 2, 16);
    for (var column = 0; column < columns; column += COLUMNS) {
      products.multiply(
          rows,
          width(packedRows, column),
          headDim / 2,
          false,
          a.address() + aAt,
          stride,
          packed.address() + packedAt + 4L * column * panelSteps,
          scores.address() + scoresAt + 4L * column,
          4L * BLOCK,
          false,
          0,
          0);
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
    var panelSteps = (packedRows + 1) / 2;
    for (var feature = 0; feature < headDim; feature += COLUMNS) {
      products.multiply(
          rows,
          width(headDim, feature),
          (keys + 1) / 2,
          false,
          weights.address() + weightsAt,
          2L * BLOCK,
          packed.address() + packedAt + 4L * feature * panelSteps,
          sums.address() + sumsAt + 4L * feature,
          sumsStride(headDim),
          true,
          0,
          0);
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
    var panelSteps = (packedRows + 1) / 2;
    for (var feature = 0; feature < headDim; feature += COLUMNS) {
      var width = width(headDim, feature);
      products.multiply(
          keys,
          width,
          (to - from + 1) / 2,
          true,
          panel.address() + 4L * (from / 2 * PANEL_KEYS + key),
          4L * PANEL_KEYS,
          packed.address() + packedAt + 4L * (feature * panelSteps + from / 2 * width),
          sums.address() + sumsAt + key * sumsStride(headDim) + 4L * feature,
          sumsStride(headDim),
          true,
          0,
          0);
    }
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
    MachineCall.call(
        softmax.get((columns + 31) / 32 - 1),
        rows,
        scores.address() + scoresAt,
        weights.address() + weightsAt,
        visible.address() + visibleAt,
        lanes.address() + lanesAt,
        shifts.address() + shiftsAt,
        Float.floatToRawIntBits(scale),
        raised.address(),
        0,
        0);
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
    MachineCall.call(
        softmaxGradient,
        (to - from + 1) / 2,
        scores.address() + 4L * from * BLOCK,
        products.address() + 4L * from * BLOCK,
        gradients.address() + 2L * from * BLOCK,
        weightsPanel.address() + 2L * from * PANEL_KEYS,
        gradientsPanel.address() + 2L * from * PANEL_KEYS,
        visible.address() + 4L * from,
        terms.address() + termsAt + 8L * from,
        Float.floatToRawIntBits(scale),
        (columns + 15) / 16);
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
    var vectors = (headDim + 15) / 16;
    MachineCall.call(
        store,
        rows,
        sums.address() + sumsAt,
        sumsStride(headDim),
        factors.address(),
        factorStride,
        to.address() + toAt,
        stride,
        vectors,
        (1L << (headDim - 16 * (vectors - 1))) - 1,
        0);
  }
}
