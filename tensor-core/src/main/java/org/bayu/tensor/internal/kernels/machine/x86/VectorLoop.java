package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * A loop over n elements, 16 at a time; where n is no multiple of 16, the same once more with what
 * loads and stores masked by K1, so that nothing outside of the elements is touched.
 */
final class VectorLoop {
  private final Avx512Assembler asm;
  private boolean isTail;

  VectorLoop(Avx512Assembler asm) {
    this.asm = asm;
  }

  /**
   * Appends the loop. Changes K1, which the body must leave alone, and zmm16.
   *
   * @param count the register with n, changed
   * @param index the register that counts elements
   * @param free a register to be changed
   * @param body appends what is done with the 16 elements from {@code index} on
   */
  void emit(Gp count, Gp index, Gp free, Runnable body) {
    var lanes = new Label();
    var tail = new Label();
    var end = new Label();
    asm.xor(index, index);
    asm.sub(count, 16);
    asm.jl(tail);
    asm.align(32);
    var again = asm.here();
    body.run();
    asm.add(index, 16);
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

  /** Loads 16 numbers; those behind the last element are 0. */
  void loadFloats(Vector into, Address from) {
    asm.vmovups(loaded(into), from);
  }

  /** Loads 16 bf16, widened. */
  void loadBFloat16(Vector into, Address from) {
    asm.vpmovzxwd(loaded(into), from);
    asm.vpslld(into, into, 16);
  }

  /** Stores 16 numbers. */
  void storeFloats(Address to, Vector from) {
    asm.vmovups(isTail ? to.masked(K1) : to, from);
  }

  /** Stores 16 numbers as bf16; changes {@code from}. */
  void storeBFloat16(Address to, Vector from) {
    var narrow = ymm(from.number());
    asm.vcvtneps2bf16(narrow, from);
    if (isTail) {
      asm.vmovdqu16(to.masked(K1), narrow);
    } else {
      asm.vmovups(to, narrow);
    }
  }

  /** Makes those of a vector 0 that are behind the last element. */
  void dropRest(Vector vector) {
    if (isTail) {
      asm.vmovaps(vector.zeroed(K1), vector);
    }
  }

  private Vector loaded(Vector vector) {
    return isTail ? vector.zeroed(K1) : vector;
  }
}
