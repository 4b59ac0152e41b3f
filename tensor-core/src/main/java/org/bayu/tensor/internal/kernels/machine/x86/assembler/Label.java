package org.bayu.tensor.internal.kernels.machine.x86.assembler;

/**
 * A place in the code that jumps name, before or after {@link JumpAssembler#bind} has put it there.
 */
public final class Label {
  private int position = -1;

  public boolean isBound() {
    return position >= 0;
  }

  /** Bytes from the beginning of the code. */
  public int position() {
    if (!isBound()) {
      throw new IllegalStateException("a label that is used was not bound");
    }
    return position;
  }

  public void bind(int position) {
    if (isBound()) {
      throw new IllegalStateException("the label is bound already");
    }
    this.position = position;
  }
}
