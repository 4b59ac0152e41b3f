package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;

/** The place of each row's greatest element, such as the most likely token. */
public final class Greatest {
  /** Elements whose maximum is found first; the greatest one's place is then looked for. */
  private static final int BLOCK = 1024;

  private Greatest() {}

  /**
   * The columns of the greatest elements of x [T, D], F32 without NaN: of equal ones the first.
   *
   * @throws ShapeException if x is not of F32, or has no columns
   */
  public static int[] ofRows(Device device, Tensor x) {
    if (x.dtype() != DType.F32 || x.columns() == 0) {
      throw new ShapeException(String.format(Locale.ROOT, "greatest elements of %s", x));
    }
    var cpu = (CpuDevice) device;
    var columns = new int[x.rows()];
    cpu.workers().run(columns.length, (row, worker) -> columns[row] = ofRow(cpu.kernels(), x, row));
    return columns;
  }

  private static int ofRow(Kernels kernels, Tensor x, int row) {
    var n = x.columns();
    var first = 4L * row * n;
    var greatest = Float.NEGATIVE_INFINITY;
    var block = 0;
    for (var from = 0; from < n; from += BLOCK) {
      var max = kernels.max(x.data(), first + 4L * from, Math.min(BLOCK, n - from));
      if (max > greatest) {
        greatest = max;
        block = from;
      }
    }
    var column = block;
    while (x.data().get(JAVA_FLOAT_UNALIGNED, first + 4L * column) != greatest) {
      column++;
    }
    return column;
  }
}
