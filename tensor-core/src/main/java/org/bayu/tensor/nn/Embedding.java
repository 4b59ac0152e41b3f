package org.bayu.tensor.nn;

import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;

/** The rows of a table with the given ids. */
public final class Embedding extends Module {
  private final Parameter weight;

  /** An embedding with this table, [vocabulary, features]. */
  public Embedding(Parameter weight) {
    this.weight = parameter(weight);
  }

  /** The table, [vocabulary, features]. */
  public Parameter weight() {
    return weight;
  }

  /** ids I32 [tokens] → [tokens, features] of type {@code type}. */
  public Variable forward(Tape tape, Tensor ids, DType type) {
    return org.bayu.tensor.autograd.Embedding.apply(tape, ids, weight.value(), type);
  }
}
