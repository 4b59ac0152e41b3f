package org.bayu.llama;

import org.bayu.tensor.Tensor;

/**
 * Tensors by name, from which a model is built or which a checkpoint is written from: the names are
 * the paths of the constructors, {@code new Linear(weights.at("q_proj"))}.
 */
@FunctionalInterface
public interface Weights {
  /**
   * The tensor {@code name}. Who made the weights says how long it lives and who frees it.
   *
   * @throws java.util.NoSuchElementException if there is none
   */
  Tensor tensor(String name);

  /** These weights seen from {@code prefix}: the tensor {@code a} of them is {@code prefix.a}. */
  default Weights at(String prefix) {
    return name -> tensor(prefix + "." + name);
  }

  /** As {@link #at(String)}, for the element {@code index} of a list. */
  default Weights at(int index) {
    return at(Integer.toString(index));
  }
}
