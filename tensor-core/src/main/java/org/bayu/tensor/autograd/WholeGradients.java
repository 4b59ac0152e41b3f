package org.bayu.tensor.autograd;

import org.bayu.tensor.Tensor;

/** Gradients of one process. */
final class WholeGradients implements GradientParts {
  @Override
  public long from(long elements) {
    return 0;
  }

  @Override
  public long to(long elements) {
    return elements;
  }

  @Override
  public int terms() {
    return 1;
  }

  @Override
  public Tensor add(int weight, Tensor addition, Sum sum) {
    sum.addWhole();
    return addition;
  }
}
