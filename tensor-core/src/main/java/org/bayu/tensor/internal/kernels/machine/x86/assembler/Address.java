package org.bayu.tensor.internal.kernels.machine.x86.assembler;

import org.jspecify.annotations.Nullable;

/**
 * The place in memory at {@code base + index · scale + displacement}.
 *
 * @param broadcast whether the one element there stands for every lane
 * @param mask the lanes that a store writes
 */
public record Address(
    Gp base, @Nullable Gp index, int scale, int displacement, boolean broadcast, Mask mask)
    implements Operand {
  public Address {
    if (index == Gp.RSP) {
      throw new IllegalArgumentException("rsp cannot be an index");
    }
    if (scale != 1 && scale != 2 && scale != 4 && scale != 8) {
      throw new IllegalArgumentException("scale " + scale + ": it is 1, 2, 4 or 8");
    }
    if (broadcast && mask != Mask.K0) {
      throw new IllegalArgumentException("a broadcast is read, a masked address written");
    }
  }

  public static Address at(Gp base) {
    return at(base, 0);
  }

  public static Address at(Gp base, int displacement) {
    return new Address(base, null, 1, displacement, false, Mask.K0);
  }

  public static Address at(Gp base, Gp index, int scale, int displacement) {
    return new Address(base, index, scale, displacement, false, Mask.K0);
  }

  /** As a source: the one element here for every lane. */
  public Address broadcasted() {
    return new Address(base, index, scale, displacement, true, mask);
  }

  /** As a destination of which only these lanes are written. */
  public Address masked(Mask lanes) {
    return new Address(base, index, scale, displacement, broadcast, lanes);
  }

  /** This place, {@code bytes} further. */
  public Address plus(int bytes) {
    return new Address(base, index, scale, Math.addExact(displacement, bytes), broadcast, mask);
  }

  public int indexNumber() {
    return index == null ? 0 : index.number();
  }
}
