package org.bayu.tensor.internal.kernels.machine.x86;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.StateKernels;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;

/**
 * {@link StateKernels} in machine code with AVX2, also where there is AVX-512. What is behind the
 * last whole block, or the last eight elements, is left to the plain loops. Nothing here checks a
 * range.
 */
final class StateCode implements StateKernels {
  private final MemorySegment decode;
  private final MemorySegment encodeSigned;
  private final MemorySegment encodeUnsigned;
  private final MemorySegment narrow;

  /**
   * Assembles it.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  StateCode(CallingConvention convention) throws CodeRefusedException {
    var asm = new Avx2Assembler();
    var decodeAt = begin(asm);
    MomentCode.emitDecode(asm, convention);
    var signedAt = begin(asm);
    MomentCode.emitEncode(asm, convention, true);
    var unsignedAt = begin(asm);
    MomentCode.emitEncode(asm, convention, false);
    var narrowAt = begin(asm);
    StochasticRoundingCode.emit(asm, convention);
    var code = CodeBuffer.of(asm.toByteArray());
    decode = code.address(decodeAt);
    encodeSigned = code.address(signedAt);
    encodeUnsigned = code.address(unsignedAt);
    narrow = code.address(narrowAt);
  }

  private static int begin(Avx2Assembler asm) {
    asm.align(64);
    return asm.position();
  }

  @Override
  public void decode(
      DynamicCode code,
      MemorySegment codes,
      long codesAt,
      MemorySegment absmax,
      long absmaxAt,
      MemorySegment dst,
      long dstAt,
      int n) {
    var blocks = n / DynamicCode.BLOCK;
    var done = blocks * DynamicCode.BLOCK;
    if (blocks > 0) {
      MachineCall.call(
          decode,
          codes.address() + codesAt,
          absmax.address() + absmaxAt,
          dst.address() + dstAt,
          code.valueTable().address(),
          blocks,
          0);
    }
    if (done < n) {
      code.decode(
          codes, codesAt + done, absmax, absmaxAt + 4L * blocks, dst, dstAt + 4L * done, n - done);
    }
  }

  @Override
  public void encode(
      DynamicCode code,
      MemorySegment src,
      long srcAt,
      MemorySegment codes,
      long codesAt,
      MemorySegment absmax,
      long absmaxAt,
      int n) {
    var blocks = n / DynamicCode.BLOCK;
    var done = blocks * DynamicCode.BLOCK;
    if (blocks > 0) {
      MachineCall.call(
          code.signed() ? encodeSigned : encodeUnsigned,
          src.address() + srcAt,
          codes.address() + codesAt,
          absmax.address() + absmaxAt,
          code.entryTable().address(),
          blocks,
          0);
    }
    if (done < n) {
      code.encode(
          src, srcAt + 4L * done, codes, codesAt + done, absmax, absmaxAt + 4L * blocks, n - done);
    }
  }

  @Override
  public void narrow(
      MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n, long key, long first) {
    var eights = n / StochasticRoundingCode.ELEMENTS;
    var done = eights * StochasticRoundingCode.ELEMENTS;
    if (eights > 0) {
      MachineCall.call(
          narrow,
          src.address() + srcAt,
          dst.address() + dstAt,
          eights,
          key + first / StochasticRounding.GROUP * SplitMix64.GAMMA,
          0,
          0);
    }
    if (done < n) {
      StochasticRounding.narrow(
          src, srcAt + 4L * done, dst, dstAt + 2L * done, n - done, key, first + done);
    }
  }
}
