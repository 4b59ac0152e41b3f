package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.Vector.zmm;

import org.bayu.tensor.DType;

/** Loads elements of some type as a product's: F32, or BF16 rounded to nearest even. */
record LoadCode(Avx512Assembler asm, boolean bfloat16, DType from) {
  /** Elements of a full vector. */
  int chunk() {
    return bfloat16 ? 32 : 16;
  }

  /** Their bytes in memory. */
  int chunkBytes() {
    return chunk() * from.bytes();
  }

  /**
   * Loads {@link #chunk} elements side by side; if masked, those alone whose bits are set in K1, or
   * in K1 and K2 together where 32 elements are converted. Changes zmm30 and zmm31.
   */
  void chunk(Vector into, Address address, boolean masked) {
    if (!bfloat16) {
      floats(masked ? into.zeroed(K1) : into, address);
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
      case I32 -> throw new IllegalArgumentException("a product of I32");
    }
  }
}
