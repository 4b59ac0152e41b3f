package org.bayu.tensor.internal.parallel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * One worker's short-lived memory: a stack whose frames are tasks.
 *
 * <p>What does not fit comes from another block; when the outermost frame ends, all blocks become
 * one, as large as was needed at one time, so that equal work soon allocates nothing. The segments
 * given out are kept too: work of sizes that were seen before gets the same objects.
 */
final class Scratch {
  /** Slots for known segments, of which half are filled at most. */
  private static final int SLOTS = 1024;

  private Arena arena = LargeArena.ofShared();
  private MemorySegment block = MemorySegment.NULL;

  /** Bytes that were given out of all blocks before: a mark counts through all blocks. */
  private long blockStart;

  /** Bytes of all blocks. */
  private long held;

  /** Bytes that were given out at one time, the most since there was one block. */
  private long most;

  private long used;
  private int depth;
  private final List<Arena> outgrown = new ArrayList<>();
  private final @Nullable MemorySegment[] known = new MemorySegment[SLOTS];
  private int knownCount;

  /** Opens a frame; what it returns closes it. */
  long open() {
    depth++;
    return blockStart + used;
  }

  /** Ends a frame: its memory may be given out again. */
  void close(long mark) {
    depth--;
    // Where the frame began in another block, all of this one was the frame's.
    used = Math.max(0, mark - blockStart);
    if (depth == 0 && !outgrown.isEmpty()) {
      release();
      arena = LargeArena.ofShared();
      blockStart = 0;
      held = 0;
      grow(most);
      most = 0;
    }
  }

  /** Memory of this frame, aligned, of undefined contents. */
  MemorySegment allocate(long bytes) {
    var size = (bytes + Tensor.ALIGNMENT - 1) & -Tensor.ALIGNMENT;
    if (depth == 0) {
      throw new IllegalStateException("scratch memory belongs to a task, and none is running");
    }
    if (used + size > block.byteSize()) {
      if (held > 0) {
        outgrown.add(arena);
        arena = LargeArena.ofShared();
      }
      blockStart += used;
      // An eighth more at least, lest there be many blocks; not twice, for all may be needed once.
      grow(Math.max(size, Math.max(held / 8, 4096)));
    }
    var segment = slice(bytes);
    used += size;
    most = Math.max(most, blockStart + used);
    return segment;
  }

  /** The next bytes of the block as a segment, the one that they were before if they were. */
  private MemorySegment slice(long bytes) {
    var address = block.address() + used;
    var hash = (used / Tensor.ALIGNMENT * 31 + bytes) * 0x9E3779B97F4A7C15L;
    var slot = (int) (hash >>> 54);
    for (var found = known[slot]; found != null; found = known[slot]) {
      if (found.byteSize() == bytes && found.address() == address) {
        return found;
      }
      slot = (slot + 1) % SLOTS;
    }
    if (knownCount == SLOTS / 2) {
      forget();
      slot = (int) (hash >>> 54);
    }
    var segment = block.asSlice(used, bytes);
    known[slot] = segment;
    knownCount++;
    return segment;
  }

  private void forget() {
    Arrays.fill(known, null);
    knownCount = 0;
  }

  /** Bytes held from the operating system. */
  long heldBytes() {
    return held;
  }

  private void grow(long bytes) {
    forget();
    block = arena.allocate(bytes, Tensor.ALIGNMENT);
    held += bytes;
    used = 0;
  }

  /** Frees the memory. */
  void release() {
    outgrown.forEach(Arena::close);
    outgrown.clear();
    arena.close();
  }
}
