package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * A vector register, as a destination with its write mask: {@code zmm(3).zeroed(K1)} is the
 * manual's {@code zmm3{k1}{z}}.
 *
 * @param number 0 to 31
 * @param bits its width: 128, 256 or 512
 * @param mask the lanes that are written
 * @param zeroing whether the other lanes become zero; else they stay
 */
public record Vector(int number, int bits, Mask mask, boolean zeroing) implements Operand {
  public Vector {
    if (number < 0 || number > 31 || (bits != 128 && bits != 256 && bits != 512)) {
      throw new IllegalArgumentException("vector register " + number + " of " + bits + " bits");
    }
    if (zeroing && mask == Mask.K0) {
      throw new IllegalArgumentException("k0 as a write mask leaves nothing to zero");
    }
  }

  public static Vector xmm(int number) {
    return new Vector(number, 128, Mask.K0, false);
  }

  public static Vector ymm(int number) {
    return new Vector(number, 256, Mask.K0, false);
  }

  public static Vector zmm(int number) {
    return new Vector(number, 512, Mask.K0, false);
  }

  /** This register with another width. */
  public Vector withBits(int bits) {
    return new Vector(number, bits, mask, zeroing);
  }

  /** As a destination of which only these lanes are written. */
  public Vector masked(Mask lanes) {
    return new Vector(number, bits, lanes, false);
  }

  /** As a destination of which these lanes are written and the others become zero. */
  public Vector zeroed(Mask lanes) {
    return new Vector(number, bits, lanes, true);
  }

  public boolean isMasked() {
    return mask != Mask.K0;
  }
}
