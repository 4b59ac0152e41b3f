package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * 16 elements at a time with AVX-512; what is left of n by loads and stores that K1 masks. Changes
 * K2 and zmm16 too. Constants are zmm19 down to zmm17, and zmm15.
 */
final class Avx512Loop implements VectorLoop {
  private final Avx512Assembler asm;
  private final ExponentialCode exponential;
  private final Label constants = new Label();
  private boolean isTail;

  Avx512Loop(Avx512Assembler asm) {
    this.asm = asm;
    exponential = new ExponentialCode(asm);
  }

  @Override
  public Avx512Assembler assembler() {
    return asm;
  }

  @Override
  public Frame frame(CallingConvention convention, int arguments, Gp... saved) {
    return new Frame(asm, convention, arguments, 0, saved);
  }

  @Override
  public void begin(boolean hasExponentials) {
    if (hasExponentials) {
      exponential.loadNaturalConstants(constants, RAX);
    }
  }

  @Override
  public void end(boolean hasExponentials) {
    if (hasExponentials) {
      exponential.emitConstants(constants);
    }
  }

  @Override
  public Vector vector(int number) {
    return zmm(number);
  }

  @Override
  public Vector constant(int number) {
    return zmm(number < 3 ? 19 - number : 15);
  }

  @Override
  public void emit(Gp count, Gp free, Runnable body) {
    var lanes = new Label();
    var tail = new Label();
    var end = new Label();
    asm.xor(RAX, RAX);
    asm.sub(count, 16);
    asm.jl(tail);
    asm.align(32);
    var again = asm.here();
    body.run();
    asm.add(RAX, 16);
    asm.sub(count, 16);
    asm.jge(again);
    asm.bind(tail);
    asm.add(count, 16);
    asm.jz(end);
    asm.lea(free, lanes);
    asm.vpbroadcastd(zmm(16), count);
    asm.vpcmpd(K1, zmm(16), at(free), 6);
    isTail = true;
    body.run();
    isTail = false;
    asm.jmp(end);
    asm.align(64);
    asm.bind(lanes);
    for (var lane = 0; lane < 16; lane++) {
      asm.data(lane);
    }
    asm.bind(end);
  }

  @Override
  public void broadcast(Vector into, Gp bits) {
    asm.vpbroadcastd(into, bits);
  }

  @Override
  public void zero(Vector vector) {
    asm.vpxord(vector, vector, vector);
  }

  @Override
  public void loadFloats(Vector into, Gp array) {
    asm.vmovups(loaded(into), at(array, RAX, 4, 0));
  }

  @Override
  public void loadBFloat16(Vector into, Gp array) {
    asm.vpmovzxwd(loaded(into), at(array, RAX, 2, 0));
    asm.vpslld(into, into, 16);
  }

  @Override
  public void storeFloats(Gp array, Vector from) {
    var to = at(array, RAX, 4, 0);
    asm.vmovups(isTail ? to.masked(K1) : to, from);
  }

  @Override
  public void storeBFloat16(Gp array, Vector from) {
    var to = at(array, RAX, 2, 0);
    var narrow = ymm(from.number());
    asm.vcvtneps2bf16(narrow, from);
    if (isTail) {
      asm.vmovdqu16(to.masked(K1), narrow);
    } else {
      asm.vmovups(to, narrow);
    }
  }

  private Vector loaded(Vector vector) {
    return isTail ? vector.zeroed(K1) : vector;
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
    asm.vpord(into, left, right);
  }

  @Override
  public void choose(Vector into, Vector value, Vector bound, Vector below, Vector other) {
    asm.vcmpps(K2, value, bound, 1);
    asm.vmovaps(into, other);
    asm.vmovaps(into.masked(K2), below);
  }

  @Override
  public void exp(Vector into, Vector x, Vector free) {
    exponential.exp(into, x, free);
  }

  @Override
  public void addDoubles(Vector low, Vector high, Vector from) {
    if (isTail) {
      asm.vmovaps(from.zeroed(K1), from);
    }
    asm.vextractf64x4(ymm(1), from, 1);
    asm.vcvtps2pd(zmm(0), ymm(from.number()));
    asm.vcvtps2pd(zmm(1), ymm(1));
    asm.vaddpd(low, low, zmm(0));
    asm.vaddpd(high, high, zmm(1));
  }

  @Override
  public void sumDoubles(Gp into, Vector low, Vector high) {
    asm.vaddpd(zmm(0), low, high);
    asm.vextractf64x4(ymm(1), zmm(0), 1);
    asm.vaddpd(ymm(0), ymm(0), ymm(1));
    asm.vextractf32x4(xmm(1), ymm(0), 1);
    asm.vaddpd(xmm(0), xmm(0), xmm(1));
    asm.vpermilps(xmm(1), xmm(0), 0x4E);
    asm.vaddpd(xmm(0), xmm(0), xmm(1));
    asm.vmovq(into, xmm(0));
  }

  @Override
  public void sumLanes(Vector vector) {
    asm.vextractf64x4(ymm(0), vector, 1);
    asm.vaddps(ymm(0), ymm(0), ymm(vector.number()));
    asm.vextractf32x4(xmm(1), ymm(0), 1);
    asm.vaddps(xmm(0), xmm(0), xmm(1));
    for (var order : new int[] {0x4E, 0xB1}) {
      asm.vpermilps(xmm(1), xmm(0), order);
      asm.vaddps(xmm(0), xmm(0), xmm(1));
    }
    asm.vbroadcastss(vector, xmm(0));
  }
}
