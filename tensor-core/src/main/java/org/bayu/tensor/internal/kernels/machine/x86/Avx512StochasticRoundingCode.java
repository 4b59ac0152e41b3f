package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link StochasticRounding#narrow} with AVX-512, DQ too: {@code void narrow(float* src, bf16* dst,
 * long thirtyTwos, long state)}, where {@code state} is SplitMix64's before the first group of
 * four.
 */
final class Avx512StochasticRoundingCode {
  private static final int GROUPS = 8;

  /** Elements at a time. */
  static final int ELEMENTS = GROUPS * StochasticRounding.GROUP;

  // The constants, in bytes behind RAX: what the state grows by up to each group, of which the last
  // one leads to the next eight, and SplitMix64's.
  private static final int GROWTH_AT = 0,
      LAST_GROWTH_AT = 8 * (GROUPS - 1),
      FIRST_FACTOR_AT = 8 * GROUPS,
      SECOND_FACTOR_AT = FIRST_FACTOR_AT + 8,
      QUIET_AT = SECOND_FACTOR_AT + 8;
  private static final Vector STATES = zmm(0), RANDOM = zmm(1), FREE = zmm(2);

  private final Avx512Assembler asm;
  private final Label constants = new Label();

  private Avx512StochasticRoundingCode(Avx512Assembler asm) {
    this.asm = asm;
  }

  /** Appends the function. */
  static void emit(Avx512Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 4, 0);
    var code = new Avx512StochasticRoundingCode(asm);
    frame.prologue();
    code.emit();
    frame.epilogue();
    code.emitConstants();
  }

  private void emit() {
    asm.lea(RAX, constants);
    asm.vpbroadcastq(STATES, RCX);
    asm.vpaddq(STATES, STATES, at(RAX, GROWTH_AT));
    asm.align(32);
    var again = asm.here();
    asm.vmovaps(RANDOM, STATES);
    asm.vpaddq(STATES, STATES, at(RAX, LAST_GROWTH_AT).broadcasted());
    scatter(30);
    asm.vpmullq(RANDOM, RANDOM, at(RAX, FIRST_FACTOR_AT).broadcasted());
    scatter(27);
    asm.vpmullq(RANDOM, RANDOM, at(RAX, SECOND_FACTOR_AT).broadcasted());
    scatter(31);
    asm.vextracti64x4(ymm(FREE.number()), RANDOM, 1);
    round(0, RANDOM);
    round(1, FREE);
    asm.add(RDI, 4 * ELEMENTS);
    asm.add(RSI, 2 * ELEMENTS);
    asm.dec(RDX);
    asm.jnz(again);
  }

  private void scatter(int bits) {
    asm.vpsrlq(FREE, RANDOM, bits);
    asm.vpxord(RANDOM, RANDOM, FREE);
  }

  /** 16 elements, with 16 bits each from the lower half of {@code random}. */
  private void round(int half, Vector random) {
    var x = zmm(3);
    var sum = zmm(4);
    asm.vmovups(x, at(RDI, 64 * half));
    asm.vpmovzxwd(sum, ymm(random.number()));
    asm.vpaddd(sum, sum, x);
    // The sum would make another number of a NaN.
    asm.vcmpps(K1, x, x, 3);
    asm.vpord(sum.masked(K1), x, at(RAX, QUIET_AT).broadcasted());
    asm.vpsrld(sum, sum, 16);
    asm.vpmovdw(at(RSI, 32 * half), sum);
  }

  private void emitConstants() {
    asm.align(64);
    asm.bind(constants);
    for (var group = 1; group <= GROUPS; group++) {
      data(group * SplitMix64.GAMMA);
    }
    data(SplitMix64.FIRST_FACTOR);
    data(SplitMix64.SECOND_FACTOR);
    asm.data(StochasticRoundingCode.QUIET);
  }

  private void data(long value) {
    asm.data((int) value, (int) (value >> 32));
  }
}
