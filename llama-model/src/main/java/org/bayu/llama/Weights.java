package org.bayu.llama;

import org.bayu.tensor.Tensor;

/**
 * Tensors by name. A model is built from them, and a checkpoint is written from them. The names are
 * those of Transformers' {@code LlamaForCausalLM}, such as {@code
 * model.layers.0.self_attn.q_proj.weight}.
 */
@FunctionalInterface
public interface Weights {
  /**
   * The tensor {@code name}. The implementation says how long it is valid and who frees it.
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
