package org.bayu.llama.generate;

import org.bayu.tensor.Tensor;

/** What continuations may be: which tokens may come next, after those that came. */
public interface Constraint {
  /** The beginning of a continuation. */
  Walk begin();

  /** One continuation, token after token. */
  interface Walk {
    /** Sets the logits [1, V] of all tokens that may not come next to −∞. At least one is left. */
    void mask(Tensor logits);

    /** Goes on behind a token that {@link #mask} left. */
    void append(int token);
  }
}
