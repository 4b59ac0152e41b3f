package org.bayu.tensor.internal.elements;

import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;

/**
 * Turns the pairs of features of each row's heads by the angles of the row's position: F32 cosines
 * and sines, [positions, headDim/2] each. BF16 is computed with where it lies if there are loops
 * for that, unless the result is added to what the target holds.
 */
public record Rotation(Tensor positions, Tensor cos, Tensor sin) {
  /**
   * y = x turned, or y += x turned; y has x's type and shape [T, H·headDim].
   *
   * @param sign 1, or −1 to turn back
   */
  public void apply(CpuDevice device, Tensor x, float sign, GradientTarget y) {
    var loops = device.kernels().bfloat16Loops();
    if (loops != null && x.dtype() == DType.BF16 && !y.accumulate()) {
      bfloat16(device, loops, x, sign, y.tensor());
    } else {
      widened(device, x, sign, y);
    }
  }

  private int half() {
    return cos.columns();
  }

  /** The byte of the table where the angles of row {@code t} begin. */
  private long tableAt(int t) {
    return (long) positions.getInt(t) * half() * 4;
  }

  private void bfloat16(CpuDevice device, BFloat16Kernels loops, Tensor x, float sign, Tensor y) {
    var half = half();
    var columns = x.columns();
    Split.rows(
        device,
        x.rows(),
        columns,
        (from, to, worker) -> {
          for (var t = from; t < to; t++) {
            var at = 2L * t * columns;
            loops.rotate(
                x.data(),
                at,
                cos.data(),
                sin.data(),
                tableAt(t),
                y.data(),
                at,
                half,
                columns / (2 * half),
                sign);
          }
        });
  }

  private void widened(CpuDevice device, Tensor x, float sign, GradientTarget y) {
    var half = half();
    var columns = x.columns();
    var xs = new FloatInput(device, x, columns);
    var ys = new FloatOutput(device, y, columns);
    Split.rows(
        device,
        x.rows(),
        columns,
        (from, to, worker) -> {
          var xData = xs.memory(worker);
          var yData = ys.memory(worker);
          for (var t = from; t < to; t++) {
            var first = (long) t * columns;
            var xAt = xs.read(xData, first, columns);
            var yAt = ys.at(first);
            var tableAt = tableAt(t);
            for (var head = 0L; head < columns; head += 2L * half) {
              device
                  .kernels()
                  .rotate(
                      xData,
                      xAt + head * 4,
                      cos.data(),
                      sin.data(),
                      tableAt,
                      yData,
                      yAt + head * 4,
                      half,
                      sign);
            }
            ys.store(yData, first, columns);
          }
        });
  }
}
