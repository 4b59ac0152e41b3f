package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;

/**
 * Reads memory and does nothing with it, with AVX2: what kernels that stream are measured by.
 * {@code void read(byte* from, long blocks)}, blocks of {@value #BLOCK_BYTES} bytes.
 */
final class ReadCode {
  private static final int LINES = 8;
  private static final int BLOCK_BYTES = 64 * LINES;

  /**
   * Bytes that are fetched ahead: a page. The processor fetches ahead by itself, but not across
   * pages. Less, and more, and none were slower.
   */
  private static final int AHEAD = 4096;

  /** Bytes of one call at most, which then lasts less than a tenth of a millisecond. */
  private static final long CALL_BYTES = 1 << 20;

  private final MemorySegment code;

  /** Assembles the function. */
  ReadCode(CallingConvention convention) throws CodeRefusedException {
    var asm = new Avx2Assembler();
    emit(asm, convention);
    code = CodeBuffer.of(asm.toByteArray()).address(0);
  }

  private static void emit(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 2, 0);
    frame.prologue();
    asm.align(32);
    var again = asm.here();
    for (var i = 0; i < LINES; i++) {
      asm.vmovups(ymm(2 * i), at(RDI, 64 * i));
      asm.vmovups(ymm(2 * i + 1), at(RDI, 64 * i + 32));
      asm.prefetcht1(at(RDI, AHEAD + 64 * i));
    }
    asm.add(RDI, BLOCK_BYTES);
    asm.dec(RSI);
    asm.jnz(again);
    frame.epilogue();
  }

  /** Reads {@code bytes}, but for what is no whole block. */
  void run(MemorySegment memory, long at, long bytes) {
    var first = memory.asSlice(at, bytes).address();
    for (var done = 0L; done + BLOCK_BYTES <= bytes; done += CALL_BYTES) {
      var blocks = Math.min(CALL_BYTES, bytes - done) / BLOCK_BYTES;
      MachineCall.call(code, first + done, blocks, 0, 0, 0, 0);
    }
  }
}
