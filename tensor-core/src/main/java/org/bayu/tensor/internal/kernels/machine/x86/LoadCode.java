package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K3;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/** Loads elements of some type as a product's: F32, or BF16 rounded to nearest even. */
final class LoadCode {
  /** Places of the constants. */
  private static final int ONE = 0, HALF = 4, QUIET = 8, UPPER = 12;

  /** The predicate of vcmpps that is true of NaN. */
  private static final int UNORDERED = 3;

  private final Avx512Assembler asm;
  private final Step step;
  private final DType from;
  private final Gp constants;
  private final Label data = new Label();

  /**
   * Loads for a function.
   *
   * @param constants a register that the function leaves alone between {@link #begin} and its end
   */
  LoadCode(Avx512Assembler asm, Step step, DType from, Gp constants) {
    this.asm = asm;
    this.step = step;
    this.from = from;
    this.constants = constants;
  }

  /** Whether elements are rounded by arithmetic, for want of an instruction. */
  private boolean isRounded() {
    return step.isRounded() && from != DType.BF16;
  }

  /** To be done before the first load. */
  void begin() {
    if (isRounded()) {
      asm.lea(constants, data);
    }
  }

  /** Appends what loads read besides, behind the function. */
  void end() {
    if (isRounded()) {
      asm.align(16);
      asm.bind(data);
      asm.data(1, 0x7FFF, 0x0040_0000, 0xFFFF_0000);
    }
  }

  /** Elements of a full vector. */
  int chunk() {
    return 16 * step.elements();
  }

  /** Their bytes in memory. */
  int chunkBytes() {
    return chunk() * from.bytes();
  }

  /**
   * Loads {@link #chunk} elements side by side; if masked, those alone whose bits are set in K1, or
   * in K1 and K2 together where 32 elements are converted. Changes zmm30, zmm31 and K3.
   */
  void chunk(Vector into, Address address, boolean masked) {
    if (step != Step.BFLOAT16_PAIR) {
      numbers(masked ? into.zeroed(K1) : into, address);
    } else if (from == DType.BF16) {
      asm.vmovdqu16(masked ? into.zeroed(K1) : into, address);
    } else {
      var low = zmm(30);
      var high = zmm(31);
      floats(masked ? low.zeroed(K1) : low, address);
      floats(masked ? high.zeroed(K2) : high, address.plus(16 * from.bytes()));
      asm.vcvtne2ps2bf16(into, high, low);
    }
  }

  /** Loads 16 elements as steps of one k. Changes zmm31 and K3. */
  void numbers(Vector into, Address address) {
    floats(into, address);
    if (isRounded()) {
      round(zmm(into.number()));
    }
  }

  /** Loads 16 elements, widened to F32. */
  void floats(Vector into, Address address) {
    switch (from) {
      case F32 -> asm.vmovups(into, address);
      case F16 -> asm.vcvtph2ps(into, address);
      case BF16 -> {
        var all = zmm(into.number());
        asm.vpmovzxwd(into, address);
        asm.vpslld(all, all, 16);
      }
      case I32, U8 -> throw new IllegalArgumentException("a product of I32");
    }
  }

  /** To the nearest BF16, ties to even: the bits of {@link org.bayu.tensor.BFloat16#round}. */
  private void round(Vector value) {
    var rounded = zmm(31);
    asm.vcmpps(K3, value, value, UNORDERED);
    asm.vpsrld(rounded, value, 16);
    asm.vpandd(rounded, rounded, constant(ONE));
    asm.vpaddd(rounded, rounded, constant(HALF));
    asm.vpaddd(rounded, rounded, value);
    asm.vpord(rounded.masked(K3), value, constant(QUIET));
    asm.vpandd(value, rounded, constant(UPPER));
  }

  private Address constant(int place) {
    return at(constants, place).broadcasted();
  }
}
