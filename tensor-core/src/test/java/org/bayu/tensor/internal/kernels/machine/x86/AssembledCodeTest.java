package org.bayu.tensor.internal.kernels.machine.x86;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.junit.jupiter.api.Test;

/** Small functions that run, where the processor has their instructions. */
class AssembledCodeTest {
  /** {@code void f(a, b, result, n)}. */
  private static final FunctionDescriptor PRODUCT =
      FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG);

  private static CpuFeatures features() throws CodeRefusedException {
    var features = CpuFeatures.ofThisMachine();
    assumeTrue(features.isPresent(), "this machine is not x86-64");
    return features.orElseThrow();
  }

  @SuppressWarnings("restricted") // calling the code is the test
  private static void call(
      Assembler code, MemorySegment a, MemorySegment b, MemorySegment c, long n) throws Throwable {
    try (var buffer = CodeBuffer.of(code.toByteArray())) {
      Linker.nativeLinker()
          .downcallHandle(buffer.address(0), PRODUCT, Linker.Option.critical(false))
          .invokeExact(a, b, c, n);
    }
  }

  /** Σ aᵢ·bᵢ over 32 bf16 numbers at a time, the last of them masked. */
  private static Assembler bf16Product() {
    var a = new Avx512Assembler();
    var frame = new Frame(a, CallingConvention.ofThisSystem(), 4, 0);
    frame.prologue();
    var loop = new Label();
    var tail = new Label();
    var end = new Label();
    a.vpxord(zmm(30), zmm(30), zmm(30));
    a.bind(loop);
    a.cmp(RCX, 32);
    a.jb(tail);
    a.vmovdqu16(zmm(17), at(RDI));
    a.vdpbf16ps(zmm(30), zmm(17), at(RSI));
    a.add(RDI, 64);
    a.add(RSI, 64);
    a.sub(RCX, 32);
    a.jmp(loop);
    a.bind(tail);
    a.test(RCX, RCX);
    a.jz(end);
    // 2ⁿ - 1 by doubling: there is no shift by a register.
    a.xor(RAX, RAX);
    var bits = a.here();
    a.lea(RAX, at(RAX, RAX, 1, 1));
    a.dec(RCX);
    a.jnz(bits);
    a.kmovd(K1, RAX);
    a.vmovdqu16(zmm(17).zeroed(K1), at(RDI));
    a.vmovdqu16(zmm(18).zeroed(K1), at(RSI));
    a.vdpbf16ps(zmm(30), zmm(17), zmm(18));
    a.bind(end);
    a.vextractf64x4(ymm(1), zmm(30), 1);
    a.vaddps(ymm(0), ymm(30), ymm(1));
    a.vextractf32x4(xmm(1), ymm(0), 1);
    a.vaddps(xmm(0), xmm(0), xmm(1));
    a.vshufps(xmm(1), xmm(0), xmm(0), 0b01_00_11_10);
    a.vaddps(xmm(0), xmm(0), xmm(1));
    a.vshufps(xmm(1), xmm(0), xmm(0), 0b10_11_00_01);
    a.vaddss(xmm(0), xmm(0), xmm(1));
    a.vmovss(at(RDX), xmm(0));
    frame.epilogue();
    return a;
  }

  @Test
  void bf16NumbersAreMultipliedToTheEndAndNotBeyond() throws Throwable {
    assumeTrue(features().avx512bf16() && features().avx512bw(), "no AVX512_BF16 here");
    var code = bf16Product();
    for (var n : new int[] {0, 1, 31, 32, 33, 64, 207}) {
      try (var arena = Arena.ofConfined()) {
        var left = arena.allocate(JAVA_SHORT, n + 1);
        var right = arena.allocate(JAVA_SHORT, n + 1);
        var result = arena.allocate(JAVA_FLOAT);
        var expected = 0f;
        for (var i = 0; i < n; i++) {
          left.setAtIndex(JAVA_SHORT, i, bf16(i % 7 + 1));
          right.setAtIndex(JAVA_SHORT, i, bf16(i % 5 - 2));
          expected += (i % 7 + 1) * (i % 5 - 2);
        }
        left.setAtIndex(JAVA_SHORT, n, bf16(100));
        right.setAtIndex(JAVA_SHORT, n, bf16(100));
        call(code, left, right, result, n);
        // Small integers: every sum is exact.
        assertEquals(expected, result.get(JAVA_FLOAT, 0), n + " numbers");
      }
    }
  }

  private static short bf16(float value) {
    return (short) (Float.floatToRawIntBits(value) >> 16);
  }

  @Test
  void constantsInTheCodeAreReadByAvx2() throws Throwable {
    assumeTrue(features().avx2() && features().fma(), "no AVX2 and FMA here");
    var a = new Avx2Assembler();
    var constants = new Label();
    var frame = new Frame(a, CallingConvention.ofThisSystem(), 4, 0);
    frame.prologue();
    a.lea(RAX, constants);
    a.vmovups(ymm(15), at(RAX));
    a.vbroadcastss(ymm(1), at(RDI));
    a.vbroadcastss(ymm(2), at(RSI));
    a.vfmadd231ps(ymm(15), ymm(1), ymm(2));
    a.vmovups(at(RDX), ymm(15));
    frame.epilogue();
    a.align(32);
    a.bind(constants);
    for (var i = 0; i < 8; i++) {
      a.data(Float.floatToRawIntBits(i));
    }
    try (var arena = Arena.ofConfined()) {
      var result = arena.allocate(JAVA_FLOAT, 8);
      call(a, arena.allocateFrom(JAVA_FLOAT, 3), arena.allocateFrom(JAVA_FLOAT, 5), result, 1);
      for (var i = 0; i < 8; i++) {
        assertEquals(15 + i, result.getAtIndex(JAVA_FLOAT, i));
      }
    }
  }
}
