package org.bayu.tensor.internal.kernels.machine.x86;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.StateKernels;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.MachineCall;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.jspecify.annotations.Nullable;

/**
 * {@link StateKernels} in machine code with AVX2; the update of moments in codes and the rounding
 * with AVX-512 where the processor has VBMI. What is behind the last whole block, or the last 8 or
 * 32 elements, is left to the plain loops. Nothing here checks a range.
 */
final class StateCode implements StateKernels {
  private final MemorySegment decode;
  private final MemorySegment encodeSigned;
  private final MemorySegment encodeUnsigned;
  private final MemorySegment narrow;

  /** Elements that are narrowed at a time. */
  private final int narrowed;

  /** Null without AVX-512 and VBMI. */
  private final @Nullable MemorySegment update;

  /**
   * Assembles it.
   *
   * @param hasVbmi whether there is code with AVX-512 and VBMI
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  StateCode(CallingConvention convention, boolean hasVbmi) throws CodeRefusedException {
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
    if (hasVbmi) {
      var wide = new Avx512Assembler();
      Avx512UpdateCode.emit(wide, convention);
      var wideNarrowAt = begin(wide);
      Avx512StochasticRoundingCode.emit(wide, convention);
      var wideCode = CodeBuffer.of(wide.toByteArray());
      update = wideCode.address(0);
      narrow = wideCode.address(wideNarrowAt);
      narrowed = Avx512StochasticRoundingCode.ELEMENTS;
    } else {
      update = null;
      narrow = code.address(narrowAt);
      narrowed = StochasticRoundingCode.ELEMENTS;
    }
  }

  private static int begin(Assembler asm) {
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
  public void adamW(
      Kernels f32,
      MemorySegment parameter,
      long parameterAt,
      MemorySegment gradient,
      long gradientAt,
      CodedMoments moments,
      long from,
      int n,
      AdamWScalars scalars,
      MemorySegment scratch,
      long scratchAt) {
    var blocks = update == null ? 0 : n / DynamicCode.BLOCK;
    var done = blocks * DynamicCode.BLOCK;
    if (update != null && blocks > 0) {
      var absmaxAt = Float.BYTES * (from / DynamicCode.BLOCK);
      Avx512UpdateCode.store(scalars, scratch, scratchAt);
      MachineCall.call(
          update,
          parameter.address() + parameterAt,
          gradient.address() + gradientAt,
          moments.m().address() + from,
          moments.mAbsmax().address() + absmaxAt,
          moments.v().address() + from,
          moments.vAbsmax().address() + absmaxAt,
          scratch.address() + scratchAt,
          blocks,
          0,
          0);
    }
    if (done < n) {
      StateKernels.super.adamW(
          f32,
          parameter,
          parameterAt + 4L * done,
          gradient,
          gradientAt + 4L * done,
          moments,
          from + done,
          n - done,
          scalars,
          scratch,
          scratchAt);
    }
  }

  @Override
  public void narrow(
      MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n, long key, long first) {
    var times = n / narrowed;
    var done = times * narrowed;
    if (times > 0) {
      MachineCall.call(
          narrow,
          src.address() + srcAt,
          dst.address() + dstAt,
          times,
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
