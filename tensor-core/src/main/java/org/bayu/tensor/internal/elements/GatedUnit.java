package org.bayu.tensor.internal.elements;

import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.jspecify.annotations.Nullable;

/**
 * y = silu(gate) · up and its gradients, over tensors of one type and shape. BF16 is computed with
 * where it lies if there are loops for that, unless a gradient is added to or not asked for.
 */
public final class GatedUnit {
  private GatedUnit() {}

  /** y = silu(gate) · up. */
  public static void forward(CpuDevice device, Tensor gate, Tensor up, Tensor y) {
    var loops = device.kernels().bfloat16Loops();
    if (loops != null && gate.dtype() == DType.BF16) {
      Split.elements(
          device,
          gate.elements(),
          (from, n, worker) ->
              loops.swiGlu(gate.data(), 2 * from, up.data(), 2 * from, y.data(), 2 * from, n));
    } else {
      widened(device, gate, up, y);
    }
  }

  private static void widened(CpuDevice device, Tensor gate, Tensor up, Tensor y) {
    var gates = new FloatInput(device, gate, Split.ELEMENTS);
    var ups = new FloatInput(device, up, Split.ELEMENTS);
    var ys = new FloatOutput(device, y, Split.ELEMENTS);
    Split.elements(
        device,
        gate.elements(),
        (from, n, worker) -> {
          var gateData = gates.memory(worker);
          var upData = ups.memory(worker);
          var yData = ys.memory(worker);
          var gateAt = gates.read(gateData, from, n);
          var upAt = ups.read(upData, from, n);
          device.kernels().swiGlu(gateData, gateAt, upData, upAt, yData, ys.at(from), n);
          ys.store(yData, from, n);
        });
  }

  /** The gradients in gate and up of dy; null for one that is not asked for. */
  public static void backward(
      CpuDevice device,
      Tensor gate,
      Tensor up,
      Tensor dy,
      @Nullable GradientTarget dGate,
      @Nullable GradientTarget dUp) {
    var loops = device.kernels().bfloat16Loops();
    if (loops != null
        && dy.dtype() == DType.BF16
        && dGate != null
        && !dGate.accumulate()
        && dUp != null
        && !dUp.accumulate()) {
      bfloat16Backward(device, loops, gate, up, dy, dGate.tensor(), dUp.tensor());
    } else {
      widenedBackward(device, gate, up, dy, dGate, dUp);
    }
  }

  private static void bfloat16Backward(
      CpuDevice device,
      BFloat16Kernels loops,
      Tensor gate,
      Tensor up,
      Tensor dy,
      Tensor dGate,
      Tensor dUp) {
    Split.elements(
        device,
        dy.elements(),
        (from, n, worker) -> {
          var at = 2 * from;
          loops.swiGluBackward(
              gate.data(), at, up.data(), at, dy.data(), at, dGate.data(), at, dUp.data(), at, n);
        });
  }

  private static void widenedBackward(
      CpuDevice device,
      Tensor gate,
      Tensor up,
      Tensor dy,
      @Nullable GradientTarget dGate,
      @Nullable GradientTarget dUp) {
    var gates = new FloatInput(device, gate, Split.ELEMENTS);
    var ups = new FloatInput(device, up, Split.ELEMENTS);
    var dys = new FloatInput(device, dy, Split.ELEMENTS);
    var dGates = new FloatOutput(device, dGate, Split.ELEMENTS);
    var dUps = new FloatOutput(device, dUp, Split.ELEMENTS);
    Split.elements(
        device,
        dy.elements(),
        (from, n, worker) -> {
          var gateData = gates.memory(worker);
          var upData = ups.memory(worker);
          var dyData = dys.memory(worker);
          var dGateData = dGates.memory(worker);
          var dUpData = dUps.memory(worker);
          device
              .kernels()
              .swiGluBackward(
                  gateData,
                  gates.read(gateData, from, n),
                  upData,
                  ups.read(upData, from, n),
                  dyData,
                  dys.read(dyData, from, n),
                  dGateData,
                  dGates.at(from),
                  dUpData,
                  dUps.at(from),
                  n);
          dGates.store(dGateData, from, n);
          dUps.store(dUpData, from, n);
        });
  }
}
