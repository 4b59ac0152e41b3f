package org.bayu.tensor.autograd;

import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;

/** y = a + b, the residual connection; the gradient passes to both sides. */
public final class Add {
  /** Elements of one task: a few cache lines' worth of work, independent of the thread count. */
  private static final int CHUNK = 8192;

  private Add() {}

  /**
   * The sum of two variables of the same type and shape.
   *
   * @throws ShapeException if types or shapes differ
   */
  public static Variable apply(Tape tape, Variable a, Variable b) {
    var x = a.value();
    if (!x.shape().equals(b.value().shape()) || x.dtype() != b.value().dtype()) {
      throw new ShapeException("add: %s + %s".formatted(x, b.value()));
    }
    var y = tape.allocate(x.dtype(), x.shape().dims());
    sum(tape.device(), x, b.value(), y);
    return tape.record(
        y,
        a.requiresGradient() || b.requiresGradient(),
        gradient -> {
          tape.pass(gradient, a);
          tape.pass(gradient, b);
        });
  }

  /** y = a + b; y may be a or b. */
  static void sum(CpuDevice device, Tensor a, Tensor b, Tensor y) {
    var kernels = device.kernels();
    var elements = a.elements();
    device
        .workers()
        .run(
            Math.toIntExact((elements + CHUNK - 1) / CHUNK),
            (index, worker) -> {
              var from = (long) index * CHUNK;
              var n = (int) Math.min(CHUNK, elements - from);
              var at = from * a.dtype().bytes();
              if (a.dtype() == DType.F32) {
                kernels.add(a.data(), at, b.data(), at, y.data(), at, n);
                return;
              }
              var scratch = device.workers().scratch(worker, 8L * CHUNK);
              kernels.widen(a.dtype(), a.data(), at, scratch, 0, n);
              kernels.widen(b.dtype(), b.data(), at, scratch, 4L * CHUNK, n);
              kernels.add(scratch, 0, scratch, 4L * CHUNK, scratch, 0, n);
              kernels.narrow(y.dtype(), scratch, 0, y.data(), at, n);
            });
  }
}
