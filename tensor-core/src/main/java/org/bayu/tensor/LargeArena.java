package org.bayu.tensor;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * A shared arena for large memory.
 *
 * <p>What {@link Arena#ofShared} allocates is filled with zeros by the thread that allocates it.
 * Here a segment of at least {@value #LARGE} bytes comes from C's {@code calloc}: the system gives
 * it zeroed, page by page when each is first used. So allocating takes no time, several threads
 * share the work, and on a machine with several memories a page lies near its first user.
 *
 * <p>Smaller segments are those of {@link Arena#ofShared}. So are all where this JVM denies native
 * access.
 */
public final class LargeArena implements Arena {
  /** Segments of this many bytes or more come from {@code calloc}. */
  static final long LARGE = 1 << 20;

  /** The smallest page of any system. */
  private static final long PAGE = 4096;

  private static final VarHandle INT = JAVA_INT.varHandle();

  private final Arena arena = Arena.ofShared();

  private LargeArena() {}

  /** An arena that any thread may use and close. */
  public static Arena ofShared() {
    return new LargeArena();
  }

  /**
   * Zeroed memory, valid until this arena is closed.
   *
   * @throws OutOfMemoryError if the system gives none
   */
  @Override
  public MemorySegment allocate(long bytes, long alignment) {
    var memory =
        bytes < LARGE || Zeroed.OF_THIS_SYSTEM == null
            ? null
            : Zeroed.OF_THIS_SYSTEM.allocate(bytes, alignment, arena);
    return memory != null ? memory : arena.allocate(bytes, alignment);
  }

  /**
   * Makes the pages of a part exist, as if this thread had written to them; no bits change. A page
   * that is read before it is first written is made twice, and then all processors are interrupted:
   * with two threads this took five times as long as writing at once.
   *
   * @param from first byte, a multiple of four. Of a page of which less than four bytes are left
   *     nothing is touched
   */
  public static void touch(MemorySegment memory, long from, long bytes) {
    var end = from + bytes - Integer.BYTES;
    for (var at = from; at <= end; at += PAGE) {
      var _ = (int) INT.getAndAdd(memory, at, 0);
    }
  }

  @Override
  public MemorySegment.Scope scope() {
    return arena.scope();
  }

  @Override
  public void close() {
    arena.close();
  }

  /** C's {@code calloc} and {@code free}. */
  @SuppressWarnings("restricted") // calling the system is what this class is for
  private record Zeroed(MethodHandle calloc, MethodHandle free) {
    private static final @Nullable Zeroed OF_THIS_SYSTEM = ofThisSystem();

    private static @Nullable Zeroed ofThisSystem() {
      try {
        var linker = Linker.nativeLinker();
        var functions = linker.defaultLookup();
        return new Zeroed(
            linker.downcallHandle(
                functions.findOrThrow("calloc"),
                FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG)),
            linker.downcallHandle(
                functions.findOrThrow("free"), FunctionDescriptor.ofVoid(ADDRESS)));
      } catch (RuntimeException | LinkageError e) { // native access is denied
        return null;
      }
    }

    private @Nullable MemorySegment allocate(long bytes, long alignment, Arena owner) {
      try {
        var room = Math.addExact(bytes, alignment);
        var start = (MemorySegment) calloc.invokeExact(1L, room);
        if (start.equals(MemorySegment.NULL)) {
          return null;
        }
        var before = -start.address() & (alignment - 1);
        return start.reinterpret(room, owner, this::free).asSlice(before, bytes);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError(e); // method handles declare what C functions cannot throw
      }
    }

    private void free(MemorySegment memory) {
      try {
        free.invokeExact(memory);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new AssertionError(e);
      }
    }
  }
}
