package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of the trainable weights, F32. Backward passes add to them until {@link #zero} is
 * called.
 *
 * <p>Weights are distinguished by identity. A tensor that is not among them is frozen: no op
 * computes or stores a gradient for it. Owns its memory until {@link #close}. Not thread-safe.
 */
public final class Gradients implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final IdentityHashMap<Tensor, Slot> slots = new IdentityHashMap<>();
  private final List<Tensor> weights;

  /**
   * Zero gradients of {@code weights}, in this order. Gradients of weights {@linkplain
   * Tensor#withoutMemory without memory} have no memory either.
   */
  public Gradients(Collection<Tensor> weights) {
    this.weights = List.copyOf(weights);
    try {
      for (var weight : this.weights) {
        slots.put(
            weight,
            new Slot(
                weight.hasMemory()
                    ? Tensor.allocate(arena, DType.F32, weight.shape())
                    : Tensor.withoutMemory(DType.F32, weight.shape())));
      }
    } catch (Throwable e) { // no memory is left: give back what there was
      arena.close();
      throw e;
    }
  }

  /** The weights, in the order given. */
  public List<Tensor> weights() {
    return weights;
  }

  /** Whether {@code weight} is trainable. */
  public boolean contains(Tensor weight) {
    return slots.containsKey(weight);
  }

  /**
   * The gradient of {@code weight}, F32 of its shape.
   *
   * @throws IllegalArgumentException if the weight is frozen
   */
  public Tensor of(Tensor weight) {
    var slot = slots.get(weight);
    if (slot == null) {
      throw new IllegalArgumentException("no gradient of the frozen " + weight);
    }
    if (slot.fresh) {
      slot.gradient.zero();
      slot.fresh = false;
    }
    return slot.gradient;
  }

  /** Makes every gradient zero. The memory is only written when the gradient is next used. */
  public void zero() {
    for (var slot : slots.values()) {
      slot.fresh = true;
    }
  }

  /** Where a backward pass adds the gradient of {@code weight}; null if it is frozen. */
  @Nullable GradientTarget target(Tensor weight) {
    var slot = slots.get(weight);
    if (slot == null) {
      return null;
    }
    var target = new GradientTarget(slot.gradient, !slot.fresh);
    slot.fresh = false;
    return target;
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }

  private static final class Slot {
    private final Tensor gradient;
    private boolean fresh = true;

    private Slot(Tensor gradient) {
      this.gradient = gradient;
    }
  }
}
