package org.bayu.tensor.internal.parallel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.Tensor;

/**
 * One worker's short-lived memory: a stack whose frames are tasks.
 *
 * <p>What does not fit comes from another block; when the outermost frame ends, all blocks become
 * one, so that equal work soon allocates nothing.
 */
final class Scratch {
  private Arena arena = Arena.ofShared();
  private MemorySegment block = MemorySegment.NULL;
  private long used;
  private long heldBytes;
  private int depth;
  private final List<Arena> outgrown = new ArrayList<>();

  /** Opens a frame; what it returns closes it. */
  long open() {
    depth++;
    return used;
  }

  /** Ends a frame: its memory may be given out again. */
  void close(long mark) {
    depth--;
    if (outgrown.isEmpty()) {
      used = mark;
    } else if (depth == 0) {
      var bytes = heldBytes;
      free();
      grow(bytes);
    }
  }

  /** Memory of this frame, aligned, of undefined contents. */
  MemorySegment allocate(long bytes) {
    var size = (bytes + Tensor.ALIGNMENT - 1) & -Tensor.ALIGNMENT;
    if (depth == 0) {
      throw new IllegalStateException("scratch memory belongs to a task, and none is running");
    }
    if (used + size > block.byteSize()) {
      if (heldBytes > 0) {
        outgrown.add(arena);
        arena = Arena.ofShared();
      }
      grow(Math.max(size, Math.max(heldBytes, 4096)));
    }
    var segment = block.asSlice(used, bytes);
    used += size;
    return segment;
  }

  private void grow(long bytes) {
    block = arena.allocate(bytes, Tensor.ALIGNMENT);
    heldBytes += bytes;
    used = 0;
  }

  private void free() {
    outgrown.forEach(Arena::close);
    outgrown.clear();
    arena.close();
    arena = Arena.ofShared();
    block = MemorySegment.NULL;
    heldBytes = 0;
    used = 0;
  }

  /** Frees the memory for good. */
  void release() {
    outgrown.forEach(Arena::close);
    arena.close();
  }
}
