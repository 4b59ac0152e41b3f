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

/**
 * Attention's tiles in machine code: products by {@link TileCode} or {@link Avx2TileCode}, what is
 * between them by the functions of {@link AttentionInstructions}. Nothing here checks a range.
 */
final class AttentionCode implements AttentionKernels {
  private final ProductCode products;

  /** Elements of a step of a product. */
  private final int elements;

  private final int vectorLanes;

  /** Columns that are packed together: those of a tile. */
  private final int panelColumns;

  private final List<MemorySegment> softmax;
  private final MemorySegment softmaxGradient;
  private final MemorySegment store;

  /**
   * Assembles it.
   *
   * @param instructions those of the functions between products
   * @param products of bf16
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  AttentionCode(AttentionInstructions instructions, ProductCode products)
      throws CodeRefusedException {
    this.products = products;
    elements = products.shape().step().elements();
    vectorLanes = products.shape().vectorLanes();
    panelColumns = products.shape().tileColumns();
    var asm = instructions.assembler();
    List<Integer> softmaxAt = new ArrayList<>();
    for (var pairs = 1; pairs <= BLOCK / 32; pairs++) {
      asm.align(64);
      softmaxAt.add(asm.position());
      instructions.emitSoftmax(pairs);
    }
    asm.align(64);
    var gradientAt = asm.position();
    instructions.emitSoftmaxGradient();
    asm.align(64);
    var storeAt = asm.position();
    instructions.emitStore();
    var code = CodeBuffer.of(asm.toByteArray());
    softmax = softmaxAt.stream().map(code::address).toList();
    softmaxGradient = code.address(gradientAt);
    store = code.address(storeAt);
  }

  private static int roundUp(int a, int multiple) {
    return (a + multiple - 1) / multiple * multiple;
  }

  /** Lanes of the panel of packed lanes that begins with {@code lane}. */
  private int width(int lanes, int lane) {
    return Math.min(panelColumns, roundUp(lanes - lane, vectorLanes));
  }

  private int steps(int elements) {
    return (elements + this.elements - 1) / this.elements;
  }

  /** Steps of a panel of packed rows: whole vectors. */
  private int rowSteps(int headDim) {
    return roundUp(steps(headDim), vectorLanes);
  }

  @Override
  public DType weightType() {
    return elements == 2 ? DType.BF16 : DType.F32;
  }

  @Override
  public long leftBytes(int rows, int headDim) {
    return elements == 2 ? 0 : rows * leftStride(headDim);
  }

  @Override
  public long leftStride(int headDim) {
    return 4L * roundUp(headDim, vectorLanes);
  }

  @Override
  public void toLeft(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    if (elements == 1) {
      var width = roundUp(headDim, vectorLanes);
      products.packLanes(
          DType.BF16, x.address() + at, stride, headDim, rows, to.address() + toAt, width);
    }
  }

  @Override
  public long packedRowsBytes(int rows, int headDim) {
    return 4L * roundUp(rows, vectorLanes) * rowSteps(headDim) + ProductCode.POINTER_BYTES;
  }

  @Override
  public long packedFeaturesBytes(int rows, int headDim) {
    return 4L * steps(rows) * roundUp(headDim, vectorLanes);
  }

  @Override
  public long sumsStride(int headDim) {
    return 4L * roundUp(headDim, vectorLanes);
  }

  @Override
  public void packRows(
      MemorySegment x, long at, long stride, int rows, int headDim, MemorySegment to, long toAt) {
    var steps = rowSteps(headDim);
    var pointersAt = toAt + packedRowsBytes(rows, headDim) - ProductCode.POINTER_BYTES;
    for (var row = 0; row < rows; row += panelColumns) {
      var count = Math.min(panelColumns, rows - row);
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
    var steps = steps(rows);
    for (var feature = 0; feature < headDim; feature += panelColumns) {
      var count = Math.min(panelColumns, headDim - feature);
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
    var panelSteps = rowSteps(headDim);
    for (var column = 0; column < columns; column += panelColumns) {
      products.multiply(
          rows,
          width(packedRows, column),
          steps(headDim),
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
    var panelSteps = steps(packedRows);
    for (var feature = 0; feature < headDim; feature += panelColumns) {
      products.multiply(
          rows,
          width(headDim, feature),
          steps(keys),
          false,
          weights.address() + weightsAt,
          weightAt(1),
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
    var panelSteps = steps(packedRows);
    for (var feature = 0; feature < headDim; feature += panelColumns) {
      var width = width(headDim, feature);
      products.multiply(
          keys,
          width,
          steps(to - from),
          true,
          panel.address() + 4L * (from / elements * PANEL_KEYS + key),
          4L * PANEL_KEYS,
          packed.address() + packedAt + 4L * (feature * panelSteps + from / elements * width),
          sums.address() + sumsAt + key * sumsStride(headDim) + 4L * feature,
          sumsStride(headDim),
          true,
          0,
          0);
    }
  }

  /** Tells the storing function of the elements of a row's last 16. */
  private long lastMask(int elements) {
    return this.elements == 2 ? (1L << elements) - 1 : elements;
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
        gradients.address() + weightAt(from),
        weightsPanel.address() + panelAt(from),
        gradientsPanel.address() + panelAt(from),
        visible.address() + 4L * from,
        terms.address() + termsAt + 8L * from,
        Float.floatToRawIntBits(scale),
        (columns + 15) / 16);
  }

  /** The byte of a panel where an even row and the one behind it begin. */
  private long panelAt(int row) {
    return 4L * row / elements * PANEL_KEYS;
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
        lastMask(headDim - 16 * (vectors - 1)),
        0);
  }
}
