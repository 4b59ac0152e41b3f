package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Memory with a page before it and one behind it that nobody may touch: whoever reads or writes a
 * byte outside, ends the process. Linux only.
 */
@SuppressWarnings("restricted") // what it is for
public final class GuardedPages implements AutoCloseable {
  private static final long PAGE = 4096;
  private static final int PROT_NONE = 0, PROT_READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22;

  private static final MethodHandle MMAP =
      link(
          "mmap",
          FunctionDescriptor.of(
              JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
  private static final MethodHandle MPROTECT =
      link("mprotect", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG, JAVA_INT));
  private static final MethodHandle MUNMAP =
      link("munmap", FunctionDescriptor.of(JAVA_INT, JAVA_LONG, JAVA_LONG));

  private final long address;
  private final long mapped;
  private final MemorySegment memory;

  /**
   * Memory of this many bytes.
   *
   * @param atEnd whether it ends at the page behind, else it begins at the one before
   */
  public GuardedPages(long bytes, boolean atEnd) {
    var inner = (bytes + PAGE - 1) / PAGE * PAGE;
    mapped = inner + 2 * PAGE;
    try {
      address = (long) MMAP.invokeExact(0L, mapped, PROT_NONE, PRIVATE_ANONYMOUS, -1, 0L);
      if (address == -1
          || (int) MPROTECT.invokeExact(address + PAGE, inner, PROT_READ_WRITE) != 0) {
        throw new IllegalStateException("no memory");
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
    memory =
        MemorySegment.ofAddress(address + PAGE + (atEnd ? inner - bytes : 0)).reinterpret(bytes);
  }

  private static MethodHandle link(String name, FunctionDescriptor type) {
    var linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
  }

  /** The memory. */
  public MemorySegment memory() {
    return memory;
  }

  @Override
  public void close() {
    try {
      var _ = (int) MUNMAP.invokeExact(address, mapped);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
