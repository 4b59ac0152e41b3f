package org.bayu.tensor.internal.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Makes a range of memory zero, without an object for the range. */
public final class Zeros {
  private static final long BYTES = 16 << 10;

  private static final MemorySegment ZEROS = Arena.global().allocate(BYTES, 64);

  private Zeros() {}

  /** Zeroes {@code bytes} bytes behind byte {@code at}. */
  public static void fill(MemorySegment memory, long at, long bytes) {
    for (var done = 0L; done < bytes; done += BYTES) {
      MemorySegment.copy(ZEROS, 0, memory, at + done, Math.min(BYTES, bytes - done));
    }
  }
}
