package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.GatedUnit;

/**
 * y = silu(gate) · up, where silu(g) = g / (1 + exp(−g)). Shazeer 2020, "GLU Variants Improve
 * Transformer".
 */
public final class SwiGlu {
  private SwiGlu() {}

  /**
   * The gated values, element by element, of two variables of one type and shape.
   *
   * @throws ShapeException if types or shapes differ
   */
  public static Variable apply(Tape tape, Variable gate, Variable up) {
    var g = gate.value();
    var u = up.value();
    if (!g.shape().equals(u.shape()) || g.dtype() != u.dtype()) {
      throw new ShapeException("swiglu: gate %s, up %s".formatted(g, u));
    }
    var device = tape.device();
    return tape.record(
        "SwiGlu",
        forward(tape, g, u),
        gate.requiresGradient() || up.requiresGradient(),
        () -> forward(tape, g, u),
        dy -> GatedUnit.backward(device, g, u, dy.tensor(), tape.target(gate), tape.target(up)));
  }

  private static Tensor forward(Tape tape, Tensor gate, Tensor up) {
    var y = tape.allocate(gate.dtype(), gate.shape().dims());
    GatedUnit.forward(tape.device(), gate, up, y);
    return y;
  }
}
