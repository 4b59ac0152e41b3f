package org.bayu.tensor.internal.kernels.machine.x86;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.bayu.tensor.internal.kernels.machine.x86.Avx512EncodeCode.FIRST_SET;
import static org.bayu.tensor.internal.kernels.machine.x86.Avx512EncodeCode.SCALE;
import static org.bayu.tensor.internal.kernels.machine.x86.Avx512EncodeCode.SECOND_SET;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * AdamW's update with moments in codes, with AVX-512 and VBMI, whole blocks of them: {@code void
 * update(float* p, float* g, byte* m, float* mAbsmax, byte* v, float* vAbsmax, float* scratch, long
 * blocks)}. Scratch memory has room for a block of both moments, and behind it the scalars.
 *
 * <p>A block is decoded and updated, 64 elements at a time, while its greatest moments are found;
 * then it is encoded. What the next blocks need is fetched meanwhile.
 */
final class Avx512UpdateCode {
  private static final int BLOCK = DynamicCode.BLOCK;
  private static final int BLOCK_BYTES = 4 * BLOCK;

  /** Where scratch memory has the scalars. */
  private static final int SCALARS_AT = 2 * BLOCK_BYTES;

  private static final int VECTORS = 4, VECTOR_BYTES = 64;
  private static final int GROUP = 64;
  private static final int GROUPS = BLOCK / GROUP;

  // The scalars, in bytes behind that.
  private static final int GRADIENT_SCALE = 0,
      BETA1 = 4,
      REST_OF_BETA1 = 8,
      BETA2 = 12,
      REST_OF_BETA2 = 16,
      EPSILON = 20,
      LEARNING_RATE = 24,
      DECAY = 28,
      M_SCALE = 32,
      V_SCALE = 36;

  /** Blocks between one that is computed and one that is fetched. */
  private static final int AHEAD = 2;

  // The constants, in bytes behind RAX.
  private static final int M_VALUES_AT = 0,
      V_VALUES_AT = Avx512CodeTable.BYTES,
      SHARED_AT = V_VALUES_AT + Avx512CodeTable.BYTES,
      M_BOUNDS_AT = SHARED_AT + Avx512EncodeCode.SHARED_BYTES,
      V_BOUNDS_AT = M_BOUNDS_AT + Avx512EncodeCode.BYTES,
      ORDER_AT = V_BOUNDS_AT + Avx512EncodeCode.BYTES,
      MAGNITUDE_AT = ORDER_AT + VECTOR_BYTES,
      GREATEST_AT = MAGNITUDE_AT + 4;

  // While a block is updated.
  private static final List<Vector> M_FREE = List.of(zmm(0), zmm(1), zmm(2), zmm(3), zmm(4));
  private static final List<Vector> V_FREE = List.of(zmm(5), zmm(6), zmm(7), zmm(8), zmm(9));
  private static final Vector CODES = zmm(10),
      M_ABSMAX = zmm(11),
      V_ABSMAX = zmm(12),
      M_GREATEST = zmm(13),
      V_GREATEST = zmm(14),
      ORDER = zmm(15);
  private static final int M_TABLE = 16, V_TABLE = 24;

  private final Avx512Assembler asm;
  private final Frame frame;
  private final Label constants = new Label();

  private Avx512UpdateCode(Avx512Assembler asm, CallingConvention convention) {
    this.asm = asm;
    frame = new Frame(asm, convention, 8, 0);
  }

  /** Appends the function. */
  static void emit(Avx512Assembler asm, CallingConvention convention) {
    new Avx512UpdateCode(asm, convention).emit();
  }

  private void emit() {
    frame.prologue();
    frame.loadStackArgument(6, R10);
    frame.loadStackArgument(7, R11);
    asm.lea(RAX, constants);
    var nextBlock = asm.here();
    update();
    encode();
    asm.add(RDI, BLOCK_BYTES);
    asm.add(RSI, BLOCK_BYTES);
    asm.add(RDX, BLOCK);
    asm.add(RCX, 4);
    asm.add(R8, BLOCK);
    asm.add(R9, 4);
    asm.dec(R11);
    asm.jnz(nextBlock);
    frame.epilogue();
    emitConstants();
  }

  /** Puts the scalars where the function reads them. */
  static void store(AdamWScalars scalars, MemorySegment scratch, long scratchAt) {
    var at = scratchAt + SCALARS_AT;
    scratch.set(JAVA_FLOAT, at + GRADIENT_SCALE, scalars.gradientScale());
    scratch.set(JAVA_FLOAT, at + BETA1, scalars.beta1());
    scratch.set(JAVA_FLOAT, at + REST_OF_BETA1, 1 - scalars.beta1());
    scratch.set(JAVA_FLOAT, at + BETA2, scalars.beta2());
    scratch.set(JAVA_FLOAT, at + REST_OF_BETA2, 1 - scalars.beta2());
    scratch.set(JAVA_FLOAT, at + EPSILON, scalars.epsilon());
    scratch.set(JAVA_FLOAT, at + LEARNING_RATE, scalars.learningRate());
    scratch.set(JAVA_FLOAT, at + DECAY, scalars.decay());
    scratch.set(JAVA_FLOAT, at + M_SCALE, scalars.mScale());
    scratch.set(JAVA_FLOAT, at + V_SCALE, scalars.vScale());
  }

  private void update() {
    var mTable = new Avx512CodeTable(asm, RAX, M_VALUES_AT, M_TABLE);
    var vTable = new Avx512CodeTable(asm, RAX, V_VALUES_AT, V_TABLE);
    mTable.load();
    vTable.load();
    asm.vmovups(ORDER, at(RAX, ORDER_AT));
    asm.vbroadcastss(M_ABSMAX, at(RCX));
    asm.vbroadcastss(V_ABSMAX, at(R9));
    asm.vpxord(M_GREATEST, M_GREATEST, M_GREATEST);
    asm.vpxord(V_GREATEST, V_GREATEST, V_GREATEST);
    for (var group = 0; group < GROUPS; group++) {
      asm.vpermd(CODES, ORDER, at(RDX, GROUP * group));
      var m = mTable.read(CODES, M_FREE);
      asm.vpermd(CODES, ORDER, at(R8, GROUP * group));
      var v = vTable.read(CODES, V_FREE);
      asm.prefetcht0(at(RDX, GROUP * group + AHEAD * BLOCK));
      asm.prefetcht0(at(R8, GROUP * group + AHEAD * BLOCK));
      for (var i = 0; i < VECTORS; i++) {
        update(m.get(i), v.get(i), VECTOR_BYTES * (VECTORS * group + i));
      }
    }
    storeAbsmax(M_GREATEST, RCX);
    storeAbsmax(V_GREATEST, R9);
  }

  /** Updates 16 elements, in the order of operations that the plain loop has. */
  private void update(Vector m, Vector v, int at) {
    var g = M_FREE.get(2);
    var p = V_FREE.get(2);
    var free = CODES;
    asm.vmovups(g, at(RSI, at));
    asm.vmulps(g, g, scalar(GRADIENT_SCALE));
    asm.vmulps(m, m, M_ABSMAX);
    asm.vmulps(m, m, scalar(BETA1));
    asm.vmulps(free, g, scalar(REST_OF_BETA1));
    asm.vaddps(m, m, free);
    asm.vmulps(v, v, V_ABSMAX);
    asm.vmulps(v, v, scalar(BETA2));
    asm.vmulps(free, g, scalar(REST_OF_BETA2));
    asm.vmulps(free, free, g);
    asm.vaddps(v, v, free);
    asm.vmovups(at(R10, at), m);
    asm.vmovups(at(R10, BLOCK_BYTES + at), v);
    addMagnitude(M_GREATEST, m, free);
    addMagnitude(V_GREATEST, v, free);
    asm.vmulps(v, v, scalar(V_SCALE));
    asm.vsqrtps(v, v);
    asm.vaddps(v, v, scalar(EPSILON));
    asm.vmulps(m, m, scalar(M_SCALE));
    asm.vdivps(m, m, v);
    asm.vmovups(p, at(RDI, at));
    asm.vmulps(free, p, scalar(DECAY));
    asm.vaddps(m, m, free);
    asm.vmulps(m, m, scalar(LEARNING_RATE));
    asm.vsubps(p, p, m);
    asm.vmovups(at(RDI, at), p);
    asm.prefetcht0(at(RSI, at + AHEAD * BLOCK_BYTES));
    asm.prefetcht0(at(RDI, at + AHEAD * BLOCK_BYTES));
  }

  private static Address scalar(int scalar) {
    return at(R10, SCALARS_AT + scalar).broadcasted();
  }

  private void addMagnitude(Vector greatest, Vector x, Vector free) {
    asm.vpandd(free, x, at(RAX, MAGNITUDE_AT).broadcasted());
    asm.vmaxps(greatest, free, greatest); // of NaN the other one
  }

  /** The greatest of 16 lanes, as a block's absmax. */
  private void storeAbsmax(Vector greatest, Gp to) {
    var half = ymm(greatest.number());
    var quarter = xmm(greatest.number());
    asm.vextractf64x4(ymm(0), greatest, 1);
    asm.vmaxps(half, half, ymm(0));
    asm.vextractf32x4(xmm(0), half, 1);
    asm.vmaxps(quarter, quarter, xmm(0));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vpermilps(xmm(0), quarter, order);
      asm.vmaxps(quarter, quarter, xmm(0));
    }
    asm.vminps(quarter, quarter, at(RAX, GREATEST_AT).broadcasted());
    asm.vmovss(at(to), quarter);
  }

  /**
   * Encodes what {@link #update} has left in scratch memory. A group is guessed before the one
   * ahead of it is finished: the two do not wait for each other, and the processor looks no further
   * ahead.
   */
  private void encode() {
    var m = new Avx512EncodeCode(asm, DynamicCode.SIGNED, RAX, M_BOUNDS_AT);
    var v = new Avx512EncodeCode(asm, DynamicCode.UNSIGNED, RAX, V_BOUNDS_AT);
    Avx512EncodeCode.loadShared(asm, RAX, SHARED_AT);
    for (var group = 0; group <= 2 * GROUPS; group++) {
      if (group == 0) {
        asm.vbroadcastss(SCALE, at(RCX));
        m.loadLines();
        m.loadBounds();
      } else if (group == GROUPS) {
        asm.vbroadcastss(SCALE, at(R9));
        v.loadLines();
      } else if (group == GROUPS + 1) {
        v.loadBounds();
      }
      if (group < 2 * GROUPS) {
        var code = group < GROUPS ? m : v;
        code.guess(set(group), R10, 4 * GROUP * group);
      }
      if (group > 0) {
        var done = group - 1;
        var isM = done < GROUPS;
        var code = isM ? m : v;
        code.finish(set(done), isM ? RDX : R8, GROUP * (done % GROUPS));
      }
    }
  }

  private static int set(int group) {
    return group % 2 == 0 ? FIRST_SET : SECOND_SET;
  }

  private void emitConstants() {
    asm.align(64);
    asm.bind(constants);
    Avx512CodeTable.emit(asm, DynamicCode.SIGNED.values());
    Avx512CodeTable.emit(asm, DynamicCode.UNSIGNED.values());
    Avx512EncodeCode.emitSharedConstants(asm);
    Avx512EncodeCode.emitConstants(asm, DynamicCode.SIGNED);
    Avx512EncodeCode.emitConstants(asm, DynamicCode.UNSIGNED);
    asm.data(Avx512CodeTable.ORDER);
    asm.data(0x7FFF_FFFF, Float.floatToRawIntBits(Float.MAX_VALUE));
  }
}
