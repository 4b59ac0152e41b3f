package org.bayu.tensor.autograd;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;

/**
 * A window on a tensor's elements in binary32, for kernels to read: the tensor's own memory if it
 * is F32, else a copy in a worker's scratch memory. Lives as long as the task it was made in.
 */
final class FloatInput {
  private final Kernels kernels;
  private final Tensor tensor;
  private final MemorySegment data;
  private long at;

  /** A window of at most {@code length} elements, not yet anywhere. */
  FloatInput(CpuDevice device, int worker, Tensor tensor, int length) {
    this.kernels = device.kernels();
    this.tensor = tensor;
    this.data =
        tensor.dtype() == DType.F32 ? tensor.data() : device.workers().scratch(worker, 4L * length);
  }

  /** Moves the window to the elements {@code from} to {@code from + n − 1}. */
  FloatInput moveTo(long from, int n) {
    if (tensor.dtype() == DType.F32) {
      at = from * 4;
    } else {
      kernels.widen(tensor.dtype(), tensor.data(), from * tensor.dtype().bytes(), data, 0, n);
    }
    return this;
  }

  /** The memory behind the window. */
  MemorySegment data() {
    return data;
  }

  /** The byte of {@link #data} where the window begins. */
  long at() {
    return at;
  }

  /** {@code tensor} if it is F32, else a widened copy; {@link Tape#release} ends it. */
  static Tensor widened(Tape tape, Tensor tensor) {
    if (tensor.dtype() == DType.F32) {
      return tensor;
    }
    var copy = tape.allocate(DType.F32, tensor.shape().dims());
    var kernels = tape.device().kernels();
    Split.elements(
        tape.device(),
        tensor.elements(),
        (from, n, worker) ->
            kernels.widen(
                tensor.dtype(),
                tensor.data(),
                from * tensor.dtype().bytes(),
                copy.data(),
                from * 4,
                n));
    return copy;
  }
}
