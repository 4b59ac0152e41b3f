package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K3;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K4;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K5;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K6;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import java.util.List;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * {@link DynamicCode#encode}, 64 elements at a time, with AVX-512 and VBMI. {@link CodeLines} gives
 * a guess, which is the code or the one below it. It is the latter where the element is greater
 * than the greatest number that gets the guess.
 *
 * <p>All vector registers are in use: 0 to 4 and 5 to 9 are sets for a group of 64 that has been
 * guessed and is not finished.
 */
final class Avx512EncodeCode {
  static final int FIRST_SET = 0, SECOND_SET = 5;

  /** What elements are divided by: the block's absmax. */
  static final Vector SCALE = zmm(15);

  /** The constants that both codes share, and their bytes. */
  private static final int LEAST_AT = 0, ONE_AT = 4, ONES_AT = 8, ORDER_AT = 64, STEPS_AT = 128;

  static final int SHARED_BYTES = 256;

  /** Those of a code. */
  private static final int SLOPES_AT = Avx512CodeTable.BYTES, STARTS_AT = SLOPES_AT + 64;

  static final int BYTES = STARTS_AT + 64;

  private static final int VECTORS = 4;
  private static final int VECTOR_BYTES = 64;
  private static final int TABLE = 16;

  /** The comparison, which is false of NaN. */
  private static final int GREATER = 14;

  private static final List<Vector> FREE = List.of(zmm(10), zmm(11), zmm(12), zmm(13), zmm(14));

  private static final Vector ORDER = zmm(24),
      STEPS = zmm(25),
      MORE_STEPS = zmm(26),
      SLOPES = zmm(27),
      STARTS = zmm(28),
      LEAST = zmm(29),
      ONE = zmm(30),
      ONES = zmm(31);

  private final Avx512Assembler asm;
  private final boolean signed;
  private final Address slopes;
  private final Address starts;
  private final Avx512CodeTable bounds;

  /**
   * Code for a code book.
   *
   * @param base where the constants are
   * @param at how far behind it what {@link #emitConstants} has put there
   */
  Avx512EncodeCode(Avx512Assembler asm, DynamicCode code, Gp base, int at) {
    this.asm = asm;
    signed = code.signed();
    slopes = at(base, at + SLOPES_AT);
    starts = at(base, at + STARTS_AT);
    bounds = new Avx512CodeTable(asm, base, at, TABLE);
  }

  /** Appends the constants of all codes. */
  static void emitSharedConstants(Avx512Assembler asm) {
    asm.data(bits(DynamicCode.LEAST, 1));
    asm.data(0x0101_0101);
    asm.data(new int[13]);
    asm.data(Avx512CodeTable.ORDER);
    asm.data(CodeLines.steps());
  }

  /** Appends the constants of a code. */
  static void emitConstants(Avx512Assembler asm, DynamicCode code) {
    Avx512CodeTable.emit(asm, code.bounds());
    var lines = new CodeLines(code);
    asm.data(bits(lines.slopes()));
    asm.data(bits(lines.starts()));
  }

  private static int[] bits(float... numbers) {
    var bits = new int[numbers.length];
    for (var i = 0; i < bits.length; i++) {
      bits[i] = Float.floatToRawIntBits(numbers[i]);
    }
    return bits;
  }

  /** Loads the constants of all codes. */
  static void loadShared(Avx512Assembler asm, Gp base, int at) {
    asm.vbroadcastss(LEAST, at(base, at + LEAST_AT));
    asm.vbroadcastss(ONE, at(base, at + ONE_AT));
    asm.vbroadcastss(ONES, at(base, at + ONES_AT));
    asm.vmovups(ORDER, at(base, at + ORDER_AT));
    asm.vmovups(STEPS, at(base, at + STEPS_AT));
    asm.vmovups(MORE_STEPS, at(base, at + STEPS_AT + VECTOR_BYTES));
  }

  /** Loads what {@link #guess} needs besides. */
  void loadLines() {
    asm.vmovups(SLOPES, slopes);
    asm.vmovups(STARTS, starts);
  }

  /** Loads what {@link #finish} needs. */
  void loadBounds() {
    bounds.load();
  }

  /**
   * Divides a group's elements and guesses their codes. 0/0, in a block of zeros, gets the code of
   * 0 as all that is NaN.
   */
  void guess(int set, Gp from, int fromAt) {
    var guesses = zmm(set + VECTORS);
    var step = FREE.get(0);
    var slope = FREE.get(1);
    for (var i = 0; i < VECTORS; i++) {
      var x = zmm(set + i);
      var near = signed ? x : FREE.get(2); // what has a line
      asm.vmovups(x, at(from, fromAt + VECTOR_BYTES * i));
      asm.vdivps(x, x, SCALE);
      if (signed) {
        asm.vrangeps(near, x, LEAST, 3);
        asm.vrangeps(near, near, ONE, 2);
      } else {
        asm.vmaxps(near, x, LEAST); // of NaN the latter, which has the guess 0
        asm.vminps(near, near, ONE);
      }
      var place = i == 0 ? guesses : FREE.get(i % 2 == 1 ? 3 : 4);
      asm.vpsrld(slope, near, 23);
      asm.vmovaps(step, STEPS);
      asm.vpermt2d(step, slope, MORE_STEPS);
      asm.vpaddd(step, step, near);
      asm.vpsrld(step, step, 28);
      asm.vpermd(slope, step, SLOPES);
      asm.vpermd(place, step, STARTS);
      asm.vfmadd231ps(place, slope, near);
      asm.vcvtps2dq(place, place);
      if (i == 1) {
        asm.vpackusdw(guesses, guesses, place);
      } else if (i == 3) {
        asm.vpackusdw(place, FREE.get(4), place);
        asm.vpackuswb(guesses, guesses, place); // in the order that the table wants
      }
    }
  }

  /** Stores the codes of a group that has been guessed; changes K1 to K6. */
  void finish(int set, Gp to, int toAt) {
    var guesses = zmm(set + VECTORS);
    var most = bounds.read(guesses, FREE);
    var greater = List.of(K3, K4, K5, K6);
    for (var i = 0; i < VECTORS; i++) {
      asm.vcmpps(greater.get(i), zmm(set + i), most.get(i), GREATER);
    }
    asm.kunpckwd(K3, K4, K3);
    asm.kunpckwd(K5, K6, K5);
    asm.kunpckdq(K3, K5, K3);
    asm.vpermd(guesses, ORDER, guesses);
    asm.vpaddb(guesses.masked(K3), guesses, ONES);
    asm.vmovups(at(to, toAt), guesses);
  }
}
