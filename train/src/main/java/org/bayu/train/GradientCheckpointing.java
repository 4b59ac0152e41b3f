package org.bayu.train;

/** Whether the backward pass computes each block's forward pass again instead of keeping it. */
public enum GradientCheckpointing {
  /** If the memory requires it. */
  AUTO,
  /** Always: less memory, about a third more time. */
  TRUE,
  /** Never. */
  FALSE;

  /** Always or never. */
  public static GradientCheckpointing of(boolean always) {
    return always ? TRUE : FALSE;
  }
}
