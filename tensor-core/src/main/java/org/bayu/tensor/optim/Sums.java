package org.bayu.tensor.optim;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Device;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.Split;

/** Sums of gradients that were computed apart. */
public final class Sums {
  private Sums() {}

  /**
   * sum[i] = a[i] + b[i], F32, as many as {@code sum} has. It may be one of them.
   *
   * @throws IndexOutOfBoundsException if one of them has less
   */
  public static void add(Device device, MemorySegment a, MemorySegment b, MemorySegment sum) {
    var cpu = (CpuDevice) device;
    Split.elements(
        cpu,
        sum.byteSize() / Float.BYTES,
        (from, n, worker) -> {
          var at = Float.BYTES * from;
          cpu.kernels().add(a, at, b, at, sum, at, n);
        });
  }

  /** The same by the calling thread alone, while those of the device compute something else. */
  public static void addHere(Device device, MemorySegment a, MemorySegment b, MemorySegment sum) {
    var kernels = ((CpuDevice) device).kernels();
    var elements = sum.byteSize() / Float.BYTES;
    for (var from = 0L; from < elements; from += Split.ELEMENTS) {
      var at = Float.BYTES * from;
      kernels.add(a, at, b, at, sum, at, (int) Math.min(Split.ELEMENTS, elements - from));
    }
  }
}
