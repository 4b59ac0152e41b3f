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
    var gs = new FloatInput(device, g, Split.ELEMENTS);
    var us = new FloatInput(device, u, Split.ELEMENTS);
    var ys = new FloatOutput(device, y, Split.ELEMENTS);
    Split.elements(
        device,
        g.elements(),
        (from, n, worker) -> {
          var gData = gs.memory(worker);
          var uData = us.memory(worker);
          var yData = ys.memory(worker);
          var gAt = gs.read(gData, from, n);
          var uAt = us.read(uData, from, n);
          device.kernels().swiGlu(gData, gAt, uData, uAt, yData, ys.at(from), n);
          ys.store(yData, from, n);
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
    var gs = new FloatInput(device, gate.value(), Split.ELEMENTS);
    var us = new FloatInput(device, up.value(), Split.ELEMENTS);
    var dys = new FloatInput(device, dy, Split.ELEMENTS);
    var dgs = new FloatOutput(device, dGate, Split.ELEMENTS);
    var dus = new FloatOutput(device, dUp, Split.ELEMENTS);
    Split.elements(
        device,
        dy.elements(),
        (from, n, worker) -> {
          var gData = gs.memory(worker);
          var uData = us.memory(worker);
          var dyData = dys.memory(worker);
          var dgData = dgs.memory(worker);
          var duData = dus.memory(worker);
          device
              .kernels()
              .swiGluBackward(
                  gData,
                  gs.read(gData, from, n),
                  uData,
                  us.read(uData, from, n),
                  dyData,
                  dys.read(dyData, from, n),
                  dgData,
                  dgs.at(from),
                  duData,
                  dus.at(from),
                  n);
          dgs.store(dgData, from, n);
          dus.store(duData, from, n);
        });
  }
}
