package org.bayu.tensor.internal.elements;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;

/**
 * A tensor's elements in binary32, for kernels to read, some at a time: in the tensor's own memory
 * if it is F32, else copied to memory of the task.
 */
public final class FloatInput {
  private final CpuDevice device;
  private final Kernels kernels;
  private final Tensor tensor;
  private final int length;

  /** An input of which at most {@code length} elements are read at a time. */
  public FloatInput(CpuDevice device, Tensor tensor, int length) {
    this.device = device;
    this.kernels = device.kernels();
    this.tensor = tensor;
    this.length = length;
  }

  /** The memory that a task of {@code worker} reads. */
  public MemorySegment memory(int worker) {
    return tensor.dtype() == DType.F32
        ? tensor.data()
        : device.workers().scratch(worker, 4L * length);
  }

  /**
   * Brings the elements {@code from} to {@code from + n − 1} to a task's {@code memory}, in place
   * of those before, and returns the byte of it where they begin.
   */
  public long read(MemorySegment memory, long from, int n) {
    var type = tensor.dtype();
    if (type == DType.F32) {
      return from * 4;
    }
    kernels.widen(type, tensor.data(), from * type.bytes(), memory, 0, n);
    return 0;
  }
}
