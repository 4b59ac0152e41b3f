package org.bayu.tensor.internal.elements;

import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;

/** Sums, products and conversions of tensors of any floating types, computed in binary32. */
public final class Arithmetic {
  private Arithmetic() {}

  /** y = a + b; y may be a or b. */
  public static void add(CpuDevice device, Tensor a, Tensor b, Tensor y) {
    var as = new FloatInput(device, a, Split.ELEMENTS);
    var bs = new FloatInput(device, b, Split.ELEMENTS);
    var ys = new FloatOutput(device, y, Split.ELEMENTS);
    Split.elements(
        device,
        y.elements(),
        (from, n, worker) -> {
          var aData = as.memory(worker);
          var bData = bs.memory(worker);
          var yData = ys.memory(worker);
          var aAt = as.read(aData, from, n);
          var bAt = bs.read(bData, from, n);
          device.kernels().add(aData, aAt, bData, bAt, yData, ys.at(from), n);
          ys.store(yData, from, n);
        });
  }

  /** y = a · b, or y += a · b. */
  public static void multiply(CpuDevice device, Tensor a, Tensor b, GradientTarget y) {
    var as = new FloatInput(device, a, Split.ELEMENTS);
    var bs = new FloatInput(device, b, Split.ELEMENTS);
    var ys = new FloatOutput(device, y, Split.ELEMENTS);
    Split.elements(
        device,
        a.elements(),
        (from, n, worker) -> {
          var aData = as.memory(worker);
          var bData = bs.memory(worker);
          var yData = ys.memory(worker);
          var aAt = as.read(aData, from, n);
          var bAt = bs.read(bData, from, n);
          device.kernels().multiply(aData, aAt, bData, bAt, yData, ys.at(from), n);
          ys.store(yData, from, n);
        });
  }

  /** y[i] = Σ x[row, i], added in the order of the rows and rounded once. */
  public static void sumOfRows(CpuDevice device, Tensor x, Tensor y) {
    var type = x.dtype();
    Split.elements(
        device,
        y.elements(),
        (from, n, worker) -> {
          var sum = device.workers().scratch(worker, 8L * n);
          var term = 4L * n;
          device.kernels().widen(type, x.data(), from * type.bytes(), sum, 0, n);
          for (var row = 1; row < x.rows(); row++) {
            var at = (row * y.elements() + from) * type.bytes();
            device.kernels().widen(type, x.data(), at, sum, term, n);
            device.kernels().add(sum, 0, sum, term, sum, 0, n);
          }
          device.kernels().narrow(y.dtype(), sum, 0, y.data(), from * y.dtype().bytes(), n);
        });
  }

  /** y = x, rounded to y's type. */
  public static void convert(CpuDevice device, Tensor x, Tensor y) {
    var type = y.dtype();
    var xs = new FloatInput(device, x, Split.ELEMENTS);
    Split.elements(
        device,
        y.elements(),
        (from, n, worker) -> {
          var data = xs.memory(worker);
          var at = xs.read(data, from, n);
          device.kernels().narrow(type, data, at, y.data(), from * type.bytes(), n);
        });
  }
}
