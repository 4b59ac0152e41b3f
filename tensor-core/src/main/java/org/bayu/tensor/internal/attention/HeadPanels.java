package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.Zeros;

/**
 * Products of the features of one head, in panels for {@link Kernels#gemmTile}.
 *
 * <p>Two forms of the same rows: <i>by rows</i>, the lanes are tokens and the steps features, for
 * products over features; <i>by features</i>, the lanes are features and the steps tokens, for
 * products over tokens. By rows has one step more, with which a number for each row of one side is
 * added to the product: the other side has ones there. By features may have one lane more, of ones,
 * with which the other side is summed.
 */
final class HeadPanels {
  private final Kernels kernels;
  private final int headDim;
  private final int tileRows;
  private final int tileLanes;

  HeadPanels(CpuDevice device, int headDim) {
    this.kernels = device.kernels();
    this.headDim = headDim;
    this.tileRows = kernels.tileRows();
    this.tileLanes = kernels.tileColumns();
  }

  /** Lanes of a panel of a product's left side. */
  int tileRows() {
    return tileRows;
  }

  /** Lanes of a panel of a product's right side. */
  int tileLanes() {
    return tileLanes;
  }

  /** Queries or keys that a tile of attention has at most: some whole panels, about 128. */
  int block() {
    return tileLanes * Math.max(1, (128 + tileLanes / 2) / tileLanes);
  }

  static int panels(int lanes, int width) {
    return (lanes + width - 1) / width;
  }

  /** Panels by features, the lane of ones included. */
  int featurePanels() {
    return panels(headDim + 1, tileRows);
  }

  /** Bytes of {@code rows} rows by rows in panels of {@code width} lanes. */
  long byRowsBytes(int rows, int width) {
    return 4L * panels(rows, width) * byRowsStride(width);
  }

  /** Elements of one panel by rows. */
  int byRowsStride(int width) {
    return (headDim + 1) * width;
  }

  /** Bytes of {@code rows} rows by features. */
  long byFeaturesBytes(int rows) {
    return 4L * featurePanels() * tileRows * rows;
  }

  /** Bytes of sums of features for one panel of {@link #tileLanes} lanes. */
  long sumsBytes() {
    return 4L * featurePanels() * tileRows * tileLanes;
  }

  /**
   * Packs some rows of head {@code head} by rows, times {@code scale}; their last step is a number
   * for each, from byte {@code at} on, {@code stride} bytes from one to the next.
   */
  void packWithNumbers(
      Tensor x,
      int head,
      int row,
      int rows,
      float scale,
      MemorySegment to,
      int width,
      MemorySegment numbers,
      long at,
      long stride) {
    packByRows(x, head, row, rows, to, width);
    if (scale != 1) {
      for (var panel = 0; panel < panels(rows, width); panel++) {
        kernels.scale(scale, to, 4L * panel * byRowsStride(width), headDim * width);
      }
    }
    for (var lane = 0; lane < panels(rows, width) * width; lane++) {
      var number = lane < rows ? numbers.get(JAVA_FLOAT_UNALIGNED, at + stride * lane) : 0;
      setLastStep(to, width, lane, number);
    }
  }

  /** Packs some rows of head {@code head} by rows, with ones as their last step. */
  void packWithOnes(Tensor x, int head, int row, int rows, MemorySegment to, int width) {
    packByRows(x, head, row, rows, to, width);
    for (var lane = 0; lane < panels(rows, width) * width; lane++) {
      setLastStep(to, width, lane, 1);
    }
  }

  private void packByRows(Tensor x, int head, int row, int rows, MemorySegment to, int width) {
    var type = x.dtype();
    kernels.pack(
        type,
        false,
        x.data(),
        ((long) row * x.columns() + (long) head * headDim) * type.bytes(),
        x.columns(),
        1,
        rows,
        headDim,
        to,
        0,
        width,
        byRowsStride(width));
  }

  void setLastStep(MemorySegment to, int width, int lane, float value) {
    var element =
        (long) (lane / width) * byRowsStride(width) + (long) headDim * width + lane % width;
    to.set(JAVA_FLOAT_UNALIGNED, 4 * element, value);
  }

  /** Packs some rows of head {@code head} by features, and a lane of ones. */
  void packByFeatures(Tensor x, int head, int row, int rows, MemorySegment to) {
    var type = x.dtype();
    kernels.pack(
        type,
        false,
        x.data(),
        ((long) row * x.columns() + (long) head * headDim) * type.bytes(),
        1,
        x.columns(),
        headDim,
        rows,
        to,
        0,
        tileRows,
        (long) rows * tileRows);
    var panelBytes = 4L * rows * tileRows;
    var ones = (featurePanels() - 1) * panelBytes;
    if (headDim % tileRows == 0) {
      Zeros.fill(to, ones, panelBytes);
    }
    for (var i = 0; i < rows; i++) {
      to.set(JAVA_FLOAT_UNALIGNED, ones + 4L * ((long) i * tileRows + headDim % tileRows), 1);
    }
  }

  /**
   * c = a·b, or c += a·b: {@code count} panels of a with one panel of b, over {@code steps} steps.
   * Row i of panel p lies in c at row p·tileRows + i of {@link #tileLanes}.
   */
  void multiply(
      int steps,
      MemorySegment a,
      long aAt,
      long panelStride,
      int count,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      boolean accumulate) {
    for (var panel = 0; panel < count; panel++) {
      kernels.gemmTile(
          steps,
          a,
          aAt + 4L * panel * panelStride,
          b,
          bAt,
          c,
          cAt + 4L * panel * tileRows * tileLanes,
          tileLanes,
          accumulate);
    }
  }

  /** Sums of features, [features, lanes], as rows: [lanes, headDim]. */
  void toRows(MemorySegment sums, long at, int lanes, MemorySegment rows) {
    kernels.pack(DType.F32, false, sums, at, tileLanes, 1, headDim, lanes, rows, 0, headDim, 0);
  }

  /** Sum number {@code feature} of lane {@code lane}. */
  float sum(MemorySegment sums, long at, int feature, int lane) {
    return sums.get(JAVA_FLOAT, at + 4L * ((long) feature * tileLanes + lane));
  }
}
