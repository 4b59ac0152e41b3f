package org.bayu.train;

/**
 * Of how many blocks the backward pass computes the forward pass again, instead of keeping their
 * activations. That takes less memory and more time. The bits do not depend on it.
 *
 * @param blocks their number; 0 for none, more than a model has for all, negative for {@link #AUTO}
 */
public record GradientCheckpointing(int blocks) {
  /** As few as fit into memory. */
  public static final GradientCheckpointing AUTO = new GradientCheckpointing(-1);

  /** All: the least memory. */
  public static final GradientCheckpointing TRUE = new GradientCheckpointing(Integer.MAX_VALUE);

  /** None. */
  public static final GradientCheckpointing FALSE = new GradientCheckpointing(0);

  /** Gives {@link #AUTO} for all negative numbers. */
  public GradientCheckpointing {
    blocks = Math.max(-1, blocks);
  }

  /**
   * The setting for a number of blocks.
   *
   * @param recomputed blocks that are computed again
   * @param layers all blocks of the model
   */
  public static GradientCheckpointing of(int recomputed, int layers) {
    return recomputed == layers ? TRUE : new GradientCheckpointing(recomputed);
  }

  /** Whether the number depends on the memory. */
  public boolean isAuto() {
    return blocks < 0;
  }

  /**
   * The number of blocks that are computed again.
   *
   * @param layers all blocks of the model
   * @throws IllegalStateException if it depends on the memory
   */
  public int recomputed(int layers) {
    if (isAuto()) {
      throw new IllegalStateException("not chosen yet");
    }
    return Math.min(blocks, layers);
  }

  /** As the key {@code trainer.gradient_checkpointing} has it: auto, true, false or the number. */
  @Override
  public String toString() {
    if (isAuto()) {
      return "auto";
    }
    if (equals(TRUE)) {
      return "true";
    }
    return blocks == 0 ? "false" : Integer.toString(blocks);
  }
}
