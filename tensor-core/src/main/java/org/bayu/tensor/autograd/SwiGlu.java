package org.bayu.tensor.autograd;

import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;

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
    var y = tape.allocate(g.dtype(), g.shape().dims());
    Split.elements(
        device,
        g.elements(),
        (from, n, worker) -> {
          var gs = new FloatInput(device, worker, g, n).moveTo(from, n);
          var us = new FloatInput(device, worker, u, n).moveTo(from, n);
          var ys = new FloatOutput(device, worker, y, n).moveTo(from, n);
          device.kernels().swiGlu(gs.data(), gs.at(), us.data(), us.at(), ys.data(), ys.at(), n);
          ys.store();
        });
    return tape.record(
        "SwiGlu",
        y,
        gate.requiresGradient() || up.requiresGradient(),
        dy -> backward(tape, gate, up, dy.tensor()));
  }

  private static void backward(Tape tape, Variable gate, Variable up, Tensor dy) {
    var device = tape.device();
    var dGate = tape.target(gate);
    var dUp = tape.target(up);
    Split.elements(
        device,
        dy.elements(),
        (from, n, worker) -> {
          var gs = new FloatInput(device, worker, gate.value(), n).moveTo(from, n);
          var us = new FloatInput(device, worker, up.value(), n).moveTo(from, n);
          var dys = new FloatInput(device, worker, dy, n).moveTo(from, n);
          var dgs = new FloatOutput(device, worker, dGate, n).moveTo(from, n);
          var dus = new FloatOutput(device, worker, dUp, n).moveTo(from, n);
          device
              .kernels()
              .swiGluBackward(
                  gs.data(),
                  gs.at(),
                  us.data(),
                  us.at(),
                  dys.data(),
                  dys.at(),
                  dgs.data(),
                  dgs.at(),
                  dus.data(),
                  dus.at(),
                  n);
          dgs.store();
          dus.store();
        });
  }
}
