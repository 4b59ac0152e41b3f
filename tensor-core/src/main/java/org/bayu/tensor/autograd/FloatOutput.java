package org.bayu.tensor.autograd;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients.Target;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * A window on a tensor's elements in binary32, for kernels to write: the tensor's own memory if it
 * is F32 and to be overwritten, else scratch memory that {@link #store} rounds or adds to the
 * tensor. Lives as long as the task it was made in.
 */
final class FloatOutput {
  private final Kernels kernels;
  private final @Nullable Tensor tensor;
  private final boolean accumulate;
  private final boolean direct;
  private final MemorySegment data;
  private final MemorySegment old;
  private long from;
  private int n;

  /** A window of at most {@code length} elements of a tensor to be overwritten. */
  FloatOutput(CpuDevice device, int worker, Tensor tensor, int length) {
    this(device, worker, new Target(tensor, false), length);
  }

  /** The same of a gradient; what is written for the gradient null is lost. */
  FloatOutput(CpuDevice device, int worker, @Nullable Target target, int length) {
    kernels = device.kernels();
    tensor = target == null ? null : target.tensor();
    accumulate = target != null && target.accumulate();
    direct = tensor != null && tensor.dtype() == DType.F32 && !accumulate;
    data = tensor != null && direct ? tensor.data() : device.workers().scratch(worker, 4L * length);
    old =
        accumulate && tensor != null && tensor.dtype() != DType.F32
            ? device.workers().scratch(worker, 4L * length)
            : MemorySegment.NULL;
  }

  /** Moves the window to the elements {@code from} to {@code from + n − 1}, undefined so far. */
  FloatOutput moveTo(long from, int n) {
    this.from = from;
    this.n = n;
    return this;
  }

  /** The memory behind the window. */
  MemorySegment data() {
    return data;
  }

  /** The byte of {@link #data} where the window begins. */
  long at() {
    return direct ? from * 4 : 0;
  }

  /** Brings what was written to the tensor. */
  void store() {
    if (!direct) {
      store(data, 0);
    }
  }

  /** Brings binary32 numbers that stand elsewhere to the tensor. */
  void store(MemorySegment values, long valuesAt) {
    if (tensor == null) {
      return;
    }
    var type = tensor.dtype();
    var at = from * type.bytes();
    if (accumulate && type == DType.F32) {
      kernels.add(tensor.data(), at, values, valuesAt, tensor.data(), at, n);
    } else if (accumulate) {
      kernels.widen(type, tensor.data(), at, old, 0, n);
      kernels.add(old, 0, values, valuesAt, old, 0, n);
      kernels.narrow(type, old, 0, tensor.data(), at, n);
    } else {
      kernels.narrow(type, values, valuesAt, tensor.data(), at, n);
    }
  }
}
