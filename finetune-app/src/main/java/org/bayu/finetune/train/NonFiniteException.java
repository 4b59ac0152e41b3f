package org.bayu.finetune.train;

import java.util.Locale;

/** Loss or gradients of a step are not finite; the parameters are as they were before it. */
public final class NonFiniteException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  NonFiniteException(long step, String what) {
    super(String.format(Locale.ROOT, "step %d: %s", step, what));
  }
}
