package org.bayu.llama;

import java.util.Locale;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * A model computed logits that are infinite or no numbers, from which no token can be chosen. The
 * message names the first weight that is infinite or no number, if there is one.
 */
public final class NonFiniteLogitsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private NonFiniteLogitsException(String message) {
    super(message);
  }

  static NonFiniteLogitsException of(LlamaModel model) {
    for (var parameter : model.parameters()) {
      var value = firstNonFinite(parameter.value());
      if (value != null) {
        return new NonFiniteLogitsException(
            String.format(
                Locale.ROOT,
                "the model's logits are not numbers, because tensor %s holds %s",
                Printable.name(parameter.name()),
                value));
      }
    }
    return new NonFiniteLogitsException(
        "the model's logits are not numbers, though all its weights are: what is computed between"
            + " them overflows");
  }

  private static @Nullable Float firstNonFinite(Tensor tensor) {
    for (var i = 0L; i < tensor.elements(); i++) {
      var value = tensor.getFloat(i);
      if (!Float.isFinite(value)) {
        return value;
      }
    }
    return null;
  }
}
