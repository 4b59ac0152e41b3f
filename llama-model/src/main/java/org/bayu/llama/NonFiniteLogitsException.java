package org.bayu.llama;

import org.bayu.tensor.io.NonFiniteTensorException;

/**
 * A model computed logits that are infinite or NaN. No token can be chosen from them. The message
 * names the first weight that is infinite or NaN, if there is one.
 */
public final class NonFiniteLogitsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private NonFiniteLogitsException(String message) {
    super(message);
  }

  static NonFiniteLogitsException of(LlamaModel model) {
    for (var parameter : model.parameters()) {
      try {
        NonFiniteTensorException.check(parameter.name(), parameter.value());
      } catch (NonFiniteTensorException e) {
        return new NonFiniteLogitsException(
            "the model's logits are infinite or NaN, because " + e.getMessage());
      }
    }
    return new NonFiniteLogitsException(
        "the model's logits are infinite or NaN, although all its weights are finite:"
            + " the computation overflows");
  }
}
