package org.bayu.tensor.internal.elements;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * A tensor's elements in binary32, for kernels to write, some at a time: in the tensor's own memory
 * if it is F32 and to be overwritten, else in memory of the task that {@link #store} rounds or adds
 * to the tensor.
 */
public final class FloatOutput {
  private final CpuDevice device;
  private final Kernels kernels;
  private final @Nullable Tensor tensor;
  private final boolean accumulate;
  private final boolean direct;
  private final int length;

  /** A tensor to be overwritten, of which at most {@code length} elements are written at a time. */
  public FloatOutput(CpuDevice device, Tensor tensor, int length) {
    this(device, new GradientTarget(tensor, false), length);
  }

  /** The same of a gradient; what is written for the gradient null is lost. */
  public FloatOutput(CpuDevice device, @Nullable GradientTarget target, int length) {
    this.device = device;
    this.kernels = device.kernels();
    this.tensor = target == null ? null : target.tensor();
    this.accumulate = target != null && target.accumulate();
    this.direct = tensor != null && tensor.dtype() == DType.F32 && !accumulate;
    this.length = length;
  }

  /** The memory that a task of {@code worker} writes; behind it the sums so far are widened. */
  public MemorySegment memory(int worker) {
    return tensor != null && direct
        ? tensor.data()
        : device.workers().scratch(worker, 4L * length * (accumulate ? 2 : 1));
  }

  /** The byte of a task's memory where element {@code from} and those behind it are to stand. */
  public long at(long from) {
    return direct ? from * 4 : 0;
  }

  /** Brings the elements {@code from} to {@code from + n − 1} to the tensor. */
  public void store(MemorySegment memory, long from, int n) {
    if (!direct) {
      store(memory, from, n, memory, 0);
    }
  }

  /** The same of elements that stand elsewhere, in binary32. */
  public void store(MemorySegment memory, long from, int n, MemorySegment values, long valuesAt) {
    if (tensor == null) {
      return;
    }
    var type = tensor.dtype();
    var at = from * type.bytes();
    if (accumulate && type == DType.F32) {
      kernels.add(tensor.data(), at, values, valuesAt, tensor.data(), at, n);
    } else if (accumulate) {
      var oldAt = 4L * length;
      kernels.widen(type, tensor.data(), at, memory, oldAt, n);
      kernels.add(memory, oldAt, values, valuesAt, memory, oldAt, n);
      kernels.narrow(type, memory, oldAt, tensor.data(), at, n);
    } else {
      kernels.narrow(type, values, valuesAt, tensor.data(), at, n);
    }
  }
}
