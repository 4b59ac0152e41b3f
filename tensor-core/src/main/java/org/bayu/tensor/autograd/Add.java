package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.Split;

/**
 * y = a + b, the residual connection; the gradient passes to both sides.
 *
 * <p>y has a's type: a residual stream in F32 takes branches in BF16, whose gradients are then
 * BF16.
 */
public final class Add {
  private Add() {}

  /**
   * The sum of two variables of the same shape, of a's type.
   *
   * @throws ShapeException if the shapes differ
   */
  public static Variable apply(Tape tape, Variable a, Variable b) {
    var x = a.value();
    if (!x.shape().equals(b.value().shape())) {
      throw new ShapeException("add: %s + %s".formatted(x, b.value()));
    }
    var y = tape.allocate(x.dtype(), x.shape().dims());
    sum(tape.device(), x, b.value(), y);
    return tape.record(
        "Add",
        y,
        a.requiresGradient() || b.requiresGradient(),
        gradient -> {
          tape.pass(gradient, a);
          tape.pass(gradient, b);
        });
  }

  /** y = a + b, each of any floating type; y may be a or b. */
  static void sum(CpuDevice device, Tensor a, Tensor b, Tensor y) {
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

  /** y = x, rounded to y's type. */
  static void convert(CpuDevice device, Tensor x, Tensor y) {
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
