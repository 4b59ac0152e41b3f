package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;

import java.util.Arrays;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * 8 elements at a time with AVX2; what is left of n one by one, in the lowest lane. Changes ymm13
 * to ymm15 too, r14 and r15. Constants are ymm9 to ymm12.
 */
final class Avx2Loop implements VectorLoop {
  private static final int LANES = 8;

  /** The predicate of vcmpps that is true of NaN. */
  private static final int UNORDERED = 3;

  private final Avx2Assembler asm;
  private final Avx2ExponentialCode exponential;
  private final Avx2RoundCode rounding;
  private final Label rounded = new Label();
  private boolean isTail;

  Avx2Loop(Avx2Assembler asm) {
    this.asm = asm;
    exponential = new Avx2ExponentialCode(asm, R14, new Label());
    rounding = new Avx2RoundCode(asm, R15);
  }

  @Override
  public Avx2Assembler assembler() {
    return asm;
  }

  @Override
  public Frame frame(CallingConvention convention, int arguments, Gp... saved) {
    var all = Arrays.copyOf(saved, saved.length + 2);
    all[saved.length] = R14;
    all[saved.length + 1] = R15;
    return new Frame(asm, convention, arguments, 0, all);
  }

  @Override
  public void begin(boolean hasExponentials) {
    asm.lea(R15, rounded);
    if (hasExponentials) {
      exponential.begin();
    }
  }

  @Override
  public void end(boolean hasExponentials) {
    rounding.emitConstants(rounded);
    if (hasExponentials) {
      exponential.emitConstants();
    }
  }

  @Override
  public Vector vector(int number) {
    return ymm(number);
  }

  @Override
  public Vector constant(int number) {
    return ymm(VECTORS + number);
  }

  @Override
  public void emit(Gp count, Gp free, Runnable body) {
    var tail = new Label();
    var end = new Label();
    asm.xor(RAX, RAX);
    asm.sub(count, LANES);
    asm.jl(tail);
    asm.align(32);
    var again = asm.here();
    body.run();
    asm.add(RAX, LANES);
    asm.sub(count, LANES);
    asm.jge(again);
    asm.bind(tail);
    asm.add(count, LANES);
    asm.jz(end);
    isTail = true;
    var nextElement = asm.here();
    body.run();
    asm.inc(RAX);
    asm.dec(count);
    asm.jnz(nextElement);
    isTail = false;
    asm.bind(end);
  }

  @Override
  public void broadcast(Vector into, Gp bits) {
    asm.vmovd(low(into), bits);
    asm.vbroadcastss(into, low(into));
  }

  /** The register's lower half: what is written there leaves zeros above. */
  private static Vector low(Vector vector) {
    return xmm(vector.number());
  }

  @Override
  public void zero(Vector vector) {
    asm.vxorps(vector, vector, vector);
  }

  @Override
  public void loadFloats(Vector into, Gp array) {
    if (isTail) {
      asm.vmovss(low(into), at(array, RAX, 4, 0));
    } else {
      asm.vmovups(into, at(array, RAX, 4, 0));
    }
  }

  @Override
  public void loadBFloat16(Vector into, Gp array) {
    if (isTail) {
      asm.vxorps(into, into, into);
      asm.vpinsrw(low(into), low(into), at(array, RAX, 2, 0), 1);
    } else {
      asm.vpmovzxwd(into, at(array, RAX, 2, 0));
      asm.vpslld(into, into, 16);
    }
  }

  @Override
  public void storeFloats(Gp array, Vector from) {
    if (isTail) {
      asm.vmovss(at(array, RAX, 4, 0), low(from));
    } else {
      asm.vmovups(at(array, RAX, 4, 0), from);
    }
  }

  @Override
  public void storeBFloat16(Gp array, Vector from) {
    rounding.round(from);
    if (isTail) {
      asm.vpextrw(at(array, RAX, 2, 0), low(from), 1);
    } else {
      asm.vpsrld(from, from, 16);
      asm.vextractf128(xmm(15), from, 1);
      asm.vpackusdw(low(from), low(from), xmm(15));
      asm.vmovups(at(array, RAX, 2, 0), low(from));
    }
  }

  @Override
  public void add(Vector into, Vector left, Vector right) {
    asm.vaddps(into, left, right);
  }

  @Override
  public void subtract(Vector into, Vector left, Vector right) {
    asm.vsubps(into, left, right);
  }

  @Override
  public void multiply(Vector into, Vector left, Vector right) {
    asm.vmulps(into, left, right);
  }

  @Override
  public void divide(Vector into, Vector left, Vector right) {
    asm.vdivps(into, left, right);
  }

  @Override
  public void addProduct(Vector into, Vector left, Vector right) {
    asm.vfmadd231ps(into, left, right);
  }

  @Override
  public void subtractProduct(Vector into, Vector left, Vector right) {
    asm.vfnmadd231ps(into, left, right);
  }

  @Override
  public void multiplyAndAdd(Vector into, Vector factor, Vector summand) {
    asm.vfmadd213ps(into, factor, summand);
  }

  @Override
  public void or(Vector into, Vector left, Vector right) {
    asm.vpor(into, left, right);
  }

  @Override
  public void choose(Vector into, Vector value, Vector bound, Vector below, Vector other) {
    asm.vcmpps(ymm(13), value, bound, 1);
    asm.vblendvps(into, other, below, ymm(13));
  }

  @Override
  public void exp(Vector into, Vector x, Vector free) {
    exponential.exp(into, x, free);
  }

  @Override
  public void addDoubles(Vector low, Vector high, Vector from) {
    if (isTail) {
      // The lowest lane alone is an element.
      asm.vxorps(ymm(1), ymm(1), ymm(1));
      asm.vmovss(xmm(1), xmm(1), low(from));
      asm.vcvtps2pd(ymm(0), xmm(1));
      asm.vaddpd(low, low, ymm(0));
      return;
    }
    asm.vextractf128(xmm(1), from, 1);
    asm.vcvtps2pd(ymm(0), low(from));
    asm.vcvtps2pd(ymm(1), xmm(1));
    asm.vaddpd(low, low, ymm(0));
    asm.vaddpd(high, high, ymm(1));
  }

  /**
   * Adds the squares of a body's elements to two vectors of sums in double, as {@link #addDoubles}
   * does; what is no element must be 0.
   */
  void addSquares(Vector low, Vector high, Vector from) {
    asm.vextractf128(xmm(1), from, 1);
    asm.vcvtps2pd(ymm(0), low(from));
    asm.vcvtps2pd(ymm(1), xmm(1));
    asm.vfmadd231pd(low, ymm(0), ymm(0));
    asm.vfmadd231pd(high, ymm(1), ymm(1));
  }

  /**
   * {@code greatest = max(greatest, from)} in every lane, and ones in {@code isNaN} where an
   * element is NaN; changes {@code from} and vector 0.
   */
  void max(Vector greatest, Vector isNaN, Vector from) {
    if (isTail) {
      asm.vbroadcastss(from, low(from));
    }
    asm.vcmpps(ymm(0), from, from, UNORDERED);
    asm.vpor(isNaN, isNaN, ymm(0));
    greater(greatest, from, ymm(0));
  }

  /** Of zeros the second source is taken, so both orders together give the positive one. */
  private void greater(Vector greatest, Vector from, Vector free) {
    asm.vmaxps(free, greatest, from);
    asm.vmaxps(greatest, from, greatest);
    asm.vpand(greatest, greatest, free);
  }

  /** The bits of what {@link #max} has found, NaN if there was one; changes 0 and 1. */
  void maxOfLanes(Gp into, Vector greatest, Vector isNaN) {
    var most = low(greatest);
    var any = low(isNaN);
    asm.vextractf128(xmm(0), greatest, 1);
    greater(most, xmm(0), xmm(1));
    asm.vextractf128(xmm(0), isNaN, 1);
    asm.vpor(any, any, xmm(0));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vshufps(xmm(0), most, most, order);
      greater(most, xmm(0), xmm(1));
      asm.vshufps(xmm(0), any, any, order);
      asm.vpor(any, any, xmm(0));
    }
    asm.vpor(most, most, any);
    asm.vmovq(into, most);
  }

  @Override
  public void sumDoubles(Gp into, Vector low, Vector high) {
    asm.vaddpd(ymm(0), low, high);
    asm.vextractf128(xmm(1), ymm(0), 1);
    asm.vaddpd(xmm(0), xmm(0), xmm(1));
    asm.vshufps(xmm(1), xmm(0), xmm(0), 0x4E);
    asm.vaddpd(xmm(0), xmm(0), xmm(1));
    asm.vmovq(into, xmm(0));
  }

  @Override
  public void sumLanes(Vector vector) {
    asm.vextractf128(xmm(0), vector, 1);
    asm.vaddps(xmm(0), xmm(0), low(vector));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vshufps(xmm(1), xmm(0), xmm(0), order);
      asm.vaddps(xmm(0), xmm(0), xmm(1));
    }
    asm.vbroadcastss(vector, xmm(0));
  }
}
