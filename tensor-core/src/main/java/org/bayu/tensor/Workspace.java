package org.bayu.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * Off-heap memory for one step's tensors, reused from step to step.
 *
 * <p>An allocation takes the smallest gap between live tensors that it fits in, or the next bytes
 * after them. The first step finds out how much is needed: if the main block is full, extra blocks
 * are allocated, and {@link #reset} replaces all of them by one. Later steps of the same size ask
 * the operating system for no memory. Tensors are not zeroed.
 *
 * <p>Not thread-safe: one step, one workspace. {@link #reset} and {@link #close} make all its
 * tensors invalid.
 */
public final class Workspace implements AutoCloseable {
  private final boolean counting;
  private final AddressRange range = new AddressRange();
  private final IdentityHashMap<Tensor, Long> places = new IdentityHashMap<>();
  private final Map<Long, ArrayDeque<MemorySegment>> extraBlocks = new HashMap<>();
  private Arena arena = LargeArena.ofShared();
  private MemorySegment block;
  private long extraBytes;
  private long liveBytes;
  private long peakBytes;

  /** An empty workspace that grows as needed. */
  public Workspace() {
    this(0);
  }

  /** A workspace with {@code bytes} in its main block from the start. */
  public Workspace(long bytes) {
    this(bytes, false);
  }

  private Workspace(long bytes, boolean counting) {
    this.counting = counting;
    try {
      block = arena.allocate(bytes, Tensor.ALIGNMENT);
    } catch (Throwable e) { // there is not so much memory
      arena.close();
      throw e;
    }
  }

  /**
   * A workspace that only counts. Its tensors are {@linkplain Tensor#withoutMemory without memory},
   * except I32 tensors and scalars, which ops read. {@link #neededBytes} is then the size of a
   * workspace for the same allocations.
   */
  public static Workspace counting() {
    return new Workspace(0, true);
  }

  /** A tensor of undefined contents, aligned, valid until released or {@link #reset}. */
  public Tensor allocate(DType dtype, Shape shape) {
    var bytes = shape.elements() * dtype.bytes();
    var size = align(bytes);
    liveBytes += size;
    peakBytes = Math.max(peakBytes, liveBytes);
    var at = range.take(size);
    Tensor tensor;
    if (counting) {
      tensor =
          dtype == DType.I32 || shape.rank() == 0
              ? Tensor.allocate(arena, dtype, shape)
              : Tensor.withoutMemory(dtype, shape);
    } else if (at + size <= block.byteSize()) {
      tensor = Tensor.of(block.asSlice(at, bytes), dtype, shape);
    } else {
      tensor = Tensor.of(extra(bytes, size), dtype, shape);
    }
    places.put(tensor, at);
    return tensor;
  }

  /** A tensor of {@code dims}. */
  public Tensor allocate(DType dtype, long... dims) {
    return allocate(dtype, Shape.of(dims));
  }

  private MemorySegment extra(long bytes, long size) {
    var free = extraBlocks.get(bytes);
    if (free != null && !free.isEmpty()) {
      return free.pop();
    }
    extraBytes += size;
    return arena.allocate(size, Tensor.ALIGNMENT).asSlice(0, bytes);
  }

  /**
   * Makes a tensor's memory free for later allocations. The tensor must have come from {@link
   * #allocate} since the last {@link #reset} and must not be used again.
   */
  public void release(Tensor tensor) {
    long at = Objects.requireNonNull(places.remove(tensor), "not of this workspace");
    var size = align(tensor.byteSize());
    liveBytes -= size;
    range.give(at, size);
    if (!counting && at + size > block.byteSize()) {
      extraBlocks.computeIfAbsent(tensor.byteSize(), b -> new ArrayDeque<>()).push(tensor.data());
    }
  }

  /** Releases every tensor. The memory stays, as one block. */
  public void reset() {
    if (extraBytes > 0) {
      arena.close();
      arena = LargeArena.ofShared();
      block = arena.allocate(range.greatestEnd(), Tensor.ALIGNMENT);
      extraBytes = 0;
    }
    liveBytes = 0;
    range.clear();
    places.clear();
    extraBlocks.clear();
  }

  /** Bytes that are allocated from the operating system. */
  public long bytes() {
    return block.byteSize() + extraBytes;
  }

  /** The most bytes that were in use at one time, since the workspace was made. */
  public long peakBytes() {
    return peakBytes;
  }

  /**
   * The bytes of one block that suffices for all allocations since the workspace was made: {@link
   * #peakBytes}, and the gaps between live tensors that were too small.
   */
  public long neededBytes() {
    return range.greatestEnd();
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
