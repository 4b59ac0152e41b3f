package org.bayu.tensor.autograd;

import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.jspecify.annotations.Nullable;

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
    var loops = device.kernels().bfloat16Loops();
    if (loops != null && g.dtype() == DType.BF16) {
      Split.elements(
          device,
          g.elements(),
          (from, n, worker) ->
              loops.swiGlu(g.data(), 2 * from, u.data(), 2 * from, y.data(), 2 * from, n));
    } else {
      widened(device, g, u, y);
    }
    return tape.record(
        "SwiGlu",
        y,
        gate.requiresGradient() || up.requiresGradient(),
        dy -> backward(device, g, u, dy.tensor(), tape.target(gate), tape.target(up)));
  }

  private static void widened(CpuDevice device, Tensor g, Tensor u, Tensor y) {
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
  }

  private static void backward(
      CpuDevice device,
      Tensor gate,
      Tensor up,
      Tensor dy,
      @Nullable GradientTarget dGate,
      @Nullable GradientTarget dUp) {
    var loops = device.kernels().bfloat16Loops();
    if (loops == null
        || dy.dtype() != DType.BF16
        || dGate == null
        || dGate.accumulate()
        || dUp == null
        || dUp.accumulate()) {
      widenedBackward(device, gate, up, dy, dGate, dUp);
      return;
    }
    var dGates = dGate.tensor().data();
    var dUps = dUp.tensor().data();
    Split.elements(
        device,
        dy.elements(),
        (from, n, worker) -> {
          var at = 2 * from;
          loops.swiGluBackward(
              gate.data(), at, up.data(), at, dy.data(), at, dGates, at, dUps, at, n);
        });
  }

  private static void widenedBackward(
      CpuDevice device,
      Tensor gate,
      Tensor up,
      Tensor dy,
      @Nullable GradientTarget dGate,
      @Nullable GradientTarget dUp) {
    var gs = new FloatInput(device, gate, Split.ELEMENTS);
    var us = new FloatInput(device, up, Split.ELEMENTS);
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
