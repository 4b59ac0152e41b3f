package org.bayu.tensor.autograd;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;

/**
 * y = a + b, the residual connection; the gradient passes to both sides.
 *
 * <p>y has a's type: a residual stream in F32 takes branches in BF16, whose gradients are then
 * BF16.
 */
public final class Add {
  /** Elements of one task: a fixed partition, independent of the thread count. */
  private static final int CHUNK = 4096;

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
        y,
        a.requiresGradient() || b.requiresGradient(),
        gradient -> {
          tape.pass(gradient, a);
          tape.pass(gradient, b);
        });
  }

  /** y = a + b, each of any floating type; y may be a or b. */
  static void sum(CpuDevice device, Tensor a, Tensor b, Tensor y) {
    var kernels = device.kernels();
    var workers = device.workers();
    workers.run(
        tasks(y),
        (index, worker) -> {
          var from = (long) index * CHUNK;
          var n = (int) Math.min(CHUNK, y.elements() - from);
          var scratch = workers.scratch(worker, 12L * CHUNK);
          var aF32 = new F32(kernels, a, from, n, scratch, 0);
          var bF32 = new F32(kernels, b, from, n, scratch, 4L * CHUNK);
          var direct = y.dtype() == DType.F32;
          var sum = direct ? y.data() : scratch;
          var sumAt = direct ? from * 4 : 8L * CHUNK;
          kernels.add(aF32.data, aF32.at, bF32.data, bF32.at, sum, sumAt, n);
          if (!direct) {
            kernels.narrow(y.dtype(), sum, sumAt, y.data(), from * y.dtype().bytes(), n);
          }
        });
  }

  /** y = x, rounded to y's type. */
  static void convert(CpuDevice device, Tensor x, Tensor y) {
    var kernels = device.kernels();
    var workers = device.workers();
    workers.run(
        tasks(y),
        (index, worker) -> {
          var from = (long) index * CHUNK;
          var n = (int) Math.min(CHUNK, y.elements() - from);
          var f32 = new F32(kernels, x, from, n, workers.scratch(worker, 4L * CHUNK), 0);
          kernels.narrow(y.dtype(), f32.data, f32.at, y.data(), from * y.dtype().bytes(), n);
        });
  }

  private static int tasks(Tensor y) {
    return Math.toIntExact((y.elements() + CHUNK - 1) / CHUNK);
  }

  /** Elements of a tensor as binary32: where they are, or widened into scratch memory. */
  private static final class F32 {
    private final MemorySegment data;
    private final long at;

    private F32(
        Kernels kernels, Tensor tensor, long from, int n, MemorySegment scratch, long scratchAt) {
      var direct = tensor.dtype() == DType.F32;
      data = direct ? tensor.data() : scratch;
      at = direct ? from * 4 : scratchAt;
      if (!direct) {
        kernels.widen(
            tensor.dtype(), tensor.data(), from * tensor.dtype().bytes(), scratch, scratchAt, n);
      }
    }
  }
}
