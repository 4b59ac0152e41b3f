package org.bayu.tensor.internal.kernels.machine;

/**
 * A place in the code that jumps name, before or after {@link JumpAssembler#bind} has put it there.
 */
final class Label {
  private int position = -1;

  boolean isBound() {
    return position >= 0;
  }

  /** Bytes from the beginning of the code. */
  int position() {
    if (!isBound()) {
      throw new IllegalStateException("a label that is used was not bound");
    }
    return position;
  }

  void bind(int position) {
    if (isBound()) {
      throw new IllegalStateException("the label is bound already");
    }
    this.position = position;
  }
}
