package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;

/**
 * Code that can be called: its memory is executable and not writable. It lasts until it is closed,
 * or as long as the JVM; nothing closes it by itself.
 */
public final class CodeBuffer implements AutoCloseable {
  private final ExecutableMemory system;
  private final MemorySegment memory;
  private boolean isClosed;

  private CodeBuffer(ExecutableMemory system, MemorySegment memory) {
    this.system = system;
    this.memory = memory;
  }

  /**
   * A copy of this code.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory, or if this JVM
   *     may not ask for it
   */
  public static CodeBuffer of(byte[] code) throws CodeRefusedException {
    var system = ExecutableMemory.ofThisSystem();
    return new CodeBuffer(system, system.map(code));
  }

  /**
   * Where the code's byte {@code offset} is, for {@link java.lang.foreign.Linker#downcallHandle}.
   *
   * @param offset such as a bound label's position
   */
  public MemorySegment address(int offset) {
    return memory.asSlice(offset, 0);
  }

  /** Gives the memory back. The code must not be running, nor be called again. */
  @Override
  public void close() {
    if (!isClosed) {
      isClosed = true;
      system.unmap(memory);
    }
  }
}
