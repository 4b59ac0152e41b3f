package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;

/** y = a · b, element by element. */
public final class Multiply {
  private Multiply() {}

  /**
   * The products of two variables of the same type and shape.
   *
   * @throws ShapeException if types or shapes differ
   */
  public static Variable apply(Tape tape, Variable a, Variable b) {
    var x = a.value();
    if (!x.shape().equals(b.value().shape()) || x.dtype() != b.value().dtype()) {
      throw new ShapeException("multiply: %s · %s".formatted(x, b.value()));
    }
    var y = tape.allocate(x.dtype(), x.shape().dims());
    multiply(tape, x, b.value(), new GradientTarget(y, false));
    return tape.record(
        "Multiply",
        y,
        a.requiresGradient() || b.requiresGradient(),
        dy -> {
          addGradient(tape, dy.tensor(), b.value(), a);
          addGradient(tape, dy.tensor(), x, b);
        });
  }

  private static void addGradient(Tape tape, Tensor dy, Tensor factor, Variable input) {
    var target = tape.target(input);
    if (target != null) {
      multiply(tape, dy, factor, target);
    }
  }

  private static void multiply(Tape tape, Tensor a, Tensor b, GradientTarget y) {
    var device = tape.device();
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
}
