package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients.Target;

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
    multiply(tape, x, b.value(), new Target(y, false));
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

  private static void multiply(Tape tape, Tensor a, Tensor b, Target y) {
    var device = tape.device();
    Split.elements(
        device,
        a.elements(),
        (from, n, worker) -> {
          var as = new FloatInput(device, worker, a, n).moveTo(from, n);
          var bs = new FloatInput(device, worker, b, n).moveTo(from, n);
          var ys = new FloatOutput(device, worker, y, n).moveTo(from, n);
          device.kernels().multiply(as.data(), as.at(), bs.data(), bs.at(), ys.data(), ys.at(), n);
          ys.store();
        });
  }
}
