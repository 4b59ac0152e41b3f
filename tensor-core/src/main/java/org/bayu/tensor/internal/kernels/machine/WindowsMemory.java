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
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;

/**
 * {@code VirtualAlloc}, {@code VirtualProtect}, {@code FlushInstructionCache} and {@code
 * VirtualFree} of Windows, written after their documentation. <b>Untested</b>: it has not run on
 * Windows yet.
 */
@SuppressWarnings("restricted") // calling the system is what this class is for
final class WindowsMemory implements ExecutableMemory {
  private static final int MEM_COMMIT = 0x1000, MEM_RESERVE = 0x2000, MEM_RELEASE = 0x8000;
  private static final int PAGE_READWRITE = 0x04, PAGE_EXECUTE_READ = 0x20;
  private static final Linker.Option LAST_ERROR = Linker.Option.captureCallState("GetLastError");

  private final MethodHandle virtualAlloc;
  private final MethodHandle virtualProtect;
  private final MethodHandle virtualFree;
  private final MethodHandle getCurrentProcess;
  private final MethodHandle flushInstructionCache;

  /**
   * Links the functions.
   *
   * @throws IllegalCallerException if this JVM denies native access
   */
  WindowsMemory() {
    var kernel32 = SymbolLookup.libraryLookup("kernel32", Arena.global());
    virtualAlloc =
        link(
            kernel32,
            "VirtualAlloc",
            FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT));
    virtualProtect =
        link(
            kernel32,
            "VirtualProtect",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT, ADDRESS));
    virtualFree =
        link(
            kernel32, "VirtualFree", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT));
    getCurrentProcess = link(kernel32, "GetCurrentProcess", FunctionDescriptor.of(ADDRESS));
    flushInstructionCache =
        link(
            kernel32,
            "FlushInstructionCache",
            FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS, JAVA_LONG));
  }

  private static MethodHandle link(SymbolLookup library, String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(library.findOrThrow(name), type, LAST_ERROR);
  }

  @Override
  public MemorySegment map(byte[] code) throws CodeRefusedException {
    try (var arena = Arena.ofConfined()) {
      var state = arena.allocate(Linker.Option.captureStateLayout());
      var size = (long) code.length;
      var memory =
          (MemorySegment)
              virtualAlloc.invokeExact(
                  state, MemorySegment.NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
      if (memory.address() == 0) {
        throw refused("VirtualAlloc", state);
      }
      memory = memory.reinterpret(size);
      MemorySegment.copy(code, 0, memory, JAVA_BYTE, 0, code.length);
      var oldProtection = arena.allocate(JAVA_INT);
      var done =
          (int) virtualProtect.invokeExact(state, memory, size, PAGE_EXECUTE_READ, oldProtection);
      if (done == 0) {
        var refusal = refused("VirtualProtect", state);
        unmap(memory);
        throw refusal;
      }
      var process = (MemorySegment) getCurrentProcess.invokeExact(state);
      done = (int) flushInstructionCache.invokeExact(state, process, memory, size);
      if (done == 0) {
        var refusal = refused("FlushInstructionCache", state);
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
      var done = (int) virtualFree.invokeExact(state, memory, 0L, MEM_RELEASE);
      if (done == 0) {
        throw new IllegalStateException("VirtualFree: error " + lastError(state));
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static CodeRefusedException refused(String function, MemorySegment state) {
    return new CodeRefusedException(
        "Windows refuses executable memory (" + function + ": error " + lastError(state) + ")");
  }

  private static int lastError(MemorySegment state) {
    var path = MemoryLayout.PathElement.groupElement("GetLastError");
    return state.get(JAVA_INT, Linker.Option.captureStateLayout().byteOffset(path));
  }
}
