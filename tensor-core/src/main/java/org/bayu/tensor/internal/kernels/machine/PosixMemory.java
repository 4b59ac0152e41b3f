package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * {@code mmap}, {@code mprotect} and {@code munmap} of POSIX. Linking them is left to instances, so
 * that a refusal is an exception of the constructor and not one of class initialisation.
 */
@SuppressWarnings("restricted") // calling the system is what this class is for
final class PosixMemory implements ExecutableMemory {
  private static final int PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4;
  private static final int MAP_PRIVATE = 2;
  private static final int MAP_ANONYMOUS_LINUX = 0x20, MAP_ANONYMOUS_BSD = 0x1000;
  private static final long MAP_FAILED = -1;
  private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");

  private final int anonymous;
  private final MethodHandle mmap;
  private final MethodHandle mprotect;
  private final MethodHandle munmap;

  /**
   * Links the functions.
   *
   * @param isLinux whether flags have Linux's numbers, else those of macOS and the BSDs
   * @throws IllegalCallerException if this JVM denies native access
   */
  PosixMemory(boolean isLinux) {
    anonymous = isLinux ? MAP_ANONYMOUS_LINUX : MAP_ANONYMOUS_BSD;
    mmap =
        link(
            "mmap",
            FunctionDescriptor.of(
                ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG));
    mprotect = link("mprotect", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    munmap = link("munmap", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG));
  }

  private static MethodHandle link(String name, FunctionDescriptor type) {
    var linker = Linker.nativeLinker();
    var function = linker.defaultLookup().findOrThrow(name);
    return linker.downcallHandle(function, type, ERRNO);
  }

  @Override
  public MemorySegment map(byte[] code) throws CodeRefusedException {
    try (var arena = Arena.ofConfined()) {
      var state = arena.allocate(Linker.Option.captureStateLayout());
      var memory =
          (MemorySegment)
              mmap.invokeExact(
                  state,
                  MemorySegment.NULL,
                  (long) code.length,
                  PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | anonymous,
                  -1,
                  0L);
      if (memory.address() == MAP_FAILED) {
        throw refused("mmap", state);
      }
      memory = memory.reinterpret(code.length);
      MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
      var result =
          (int) mprotect.invokeExact(state, memory, (long) code.length, PROT_READ | PROT_EXEC);
      if (result != 0) {
        var refusal = refused("mprotect", state);
        unmap(memory);
        throw refusal;
      }
      return memory.asReadOnly();
    } catch (CodeRefusedException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e); // method handles declare what C functions cannot throw
    }
  }

  @Override
  public void unmap(MemorySegment memory) {
    try (var arena = Arena.ofConfined()) {
      var state = arena.allocate(Linker.Option.captureStateLayout());
      var result = (int) munmap.invokeExact(state, memory, memory.byteSize());
      if (result != 0) {
        throw new IllegalStateException("munmap: errno " + errno(state));
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static CodeRefusedException refused(String function, MemorySegment state) {
    return new CodeRefusedException(
        "the system refuses executable memory (" + function + ": errno " + errno(state) + ")");
  }

  private static int errno(MemorySegment state) {
    var path = MemoryLayout.PathElement.groupElement("errno");
    return state.get(JAVA_INT, Linker.Option.captureStateLayout().byteOffset(path));
  }
}
