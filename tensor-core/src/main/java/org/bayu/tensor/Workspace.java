package org.bayu.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * Off-heap memory for one step's tensors, reused from step to step.
 *
 * <p>Allocation takes a released block of the same size, or the next free bytes. The first step
 * finds out how much is needed: what does not fit in the main block comes from extra blocks, and
 * {@link #reset} joins all of them into one. After that no memory is asked of the operating system.
 * Tensors are not zeroed.
 *
 * <p>Not thread-safe: one step, one workspace. All its tensors die with {@link #reset} or {@link
 * #close}.
 */
public final class Workspace implements AutoCloseable {
  private Arena arena = Arena.ofShared();
  private MemorySegment block;
  private long used;
  private long extraBytes;
  private long liveBytes;
  private long peakBytes;
  private final Map<Long, ArrayDeque<MemorySegment>> released = new HashMap<>();

  /** An empty workspace that grows as needed. */
  public Workspace() {
    this(0);
  }

  /** A workspace with {@code bytes} in its main block from the start. */
  public Workspace(long bytes) {
    block = arena.allocate(bytes, Tensor.ALIGNMENT);
  }

  /** A tensor of undefined contents, aligned, valid until released or {@link #reset}. */
  public Tensor allocate(DType dtype, Shape shape) {
    var bytes = shape.elements() * dtype.bytes();
    var size = align(bytes);
    liveBytes += size;
    peakBytes = Math.max(peakBytes, liveBytes);
    return Tensor.of(take(bytes, size), dtype, shape);
  }

  /** A tensor of {@code dims}. */
  public Tensor allocate(DType dtype, long... dims) {
    return allocate(dtype, Shape.of(dims));
  }

  private MemorySegment take(long bytes, long size) {
    var free = released.get(bytes);
    if (free != null && !free.isEmpty()) {
      return free.pop();
    }
    if (used + size <= block.byteSize()) {
      var segment = block.asSlice(used, bytes);
      used += size;
      return segment;
    }
    extraBytes += size;
    return arena.allocate(size, Tensor.ALIGNMENT).asSlice(0, bytes);
  }

  /**
   * Gives a tensor's memory back for the next allocation of its size. It must have come from {@link
   * #allocate} since the last {@link #reset}, as it was allocated, and must not be used again.
   */
  public void release(Tensor tensor) {
    liveBytes -= align(tensor.byteSize());
    released.computeIfAbsent(tensor.byteSize(), b -> new ArrayDeque<>()).push(tensor.data());
  }

  /** Forgets every tensor. The memory stays, as one block. */
  public void reset() {
    if (extraBytes > 0) {
      var total = used + extraBytes;
      arena.close();
      arena = Arena.ofShared();
      block = arena.allocate(total, Tensor.ALIGNMENT);
      extraBytes = 0;
    }
    used = 0;
    liveBytes = 0;
    released.clear();
  }

  /** Bytes held from the operating system. */
  public long bytes() {
    return block.byteSize() + extraBytes;
  }

  /** The most bytes that were in use at one time, since the workspace was made. */
  public long peakBytes() {
    return peakBytes;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }

  private static long align(long bytes) {
    return Math.max((bytes + Tensor.ALIGNMENT - 1) & -Tensor.ALIGNMENT, Tensor.ALIGNMENT);
  }
}
