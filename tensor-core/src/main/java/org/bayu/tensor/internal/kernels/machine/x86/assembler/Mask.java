package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/** The mask registers. As a write mask {@link #K0} means none: every lane is written. */
public enum Mask {
  K0(0),
  K1(1),
  K2(2),
  K3(3),
  K4(4),
  K5(5),
  K6(6),
  K7(7);

  private final int number;

  Mask(int number) {
    this.number = number;
  }

  public int number() {
    return number;
  }
}
