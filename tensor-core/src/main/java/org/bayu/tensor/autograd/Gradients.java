package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.Arithmetic;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.bayu.tensor.internal.kernels.StochasticRounding;
import org.jspecify.annotations.Nullable;

/**
 * The gradients of the trainable weights. Backward passes add to them until {@link #zero} is
 * called.
 *
 * <p>They are F32, or have their weights' types. To a BF16 one an op's contribution, computed in
 * F32, is added with stochastic rounding. Its random bits follow from the seed, the step, the
 * weight's place in the list, the number of the addition in the step, and the element.
 *
 * <p>One of several processes may have {@linkplain GradientParts parts} of them, which are vectors.
 *
 * <p>Weights are distinguished by identity. A tensor that is not among them is frozen: no op
 * computes or stores a gradient for it. Owns its memory until {@link #close}. Not thread-safe.
 */
public final class Gradients implements AutoCloseable {
  private final Arena arena = LargeArena.ofShared();
  private final IdentityHashMap<Tensor, Slot> slots = new IdentityHashMap<>();
  private final List<Tensor> weights;
  private final long seed;
  private final @Nullable GradientParts parts;
  private long step;

  /** Zero gradients of {@code weights}, F32, in this order, as in the other constructor. */
  public Gradients(Collection<Tensor> weights) {
    this(weights, Collections.nCopies(weights.size(), DType.F32), 0, null);
  }

  /**
   * Zero gradients of {@code weights}, in this order, F32 or BF16 as the weight is. Gradients of
   * weights {@linkplain Tensor#withoutMemory without memory} have no memory either.
   *
   * @param seed of the stochastic rounding of BF16
   */
  public Gradients(Collection<Tensor> weights, long seed) {
    this(
        weights,
        weights.stream().map(each -> each.dtype() == DType.BF16 ? DType.BF16 : DType.F32).toList(),
        seed,
        null);
  }

  /**
   * The same of given types.
   *
   * @param types F32 or BF16, one for each weight
   * @param parts which part of each is kept; null for all of it
   */
  public Gradients(
      Collection<Tensor> weights, List<DType> types, long seed, @Nullable GradientParts parts) {
    this.weights = List.copyOf(weights);
    this.seed = seed;
    this.parts = parts;
    try {
      for (var weight : this.weights) {
        var type = types.get(slots.size());
        var from = parts == null ? 0 : parts.from(weight.elements());
        var shape = parts == null ? weight.shape() : Shape.of(parts.to(weight.elements()) - from);
        slots.put(
            weight,
            new Slot(
                slots.size(),
                weight.hasMemory()
                    ? Tensor.allocate(arena, type, shape)
                    : Tensor.withoutMemory(type, shape),
                from));
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

  /** Whether only a part of each gradient is here. */
  public boolean areParts() {
    return parts != null;
  }

  private Slot slot(Tensor weight) {
    var slot = slots.get(weight);
    if (slot == null) {
      throw new IllegalArgumentException("no gradient of the frozen " + weight);
    }
    return slot;
  }

  /**
   * The element of {@code weight} whose gradient is the first of {@link #of}: 0, or where the part
   * begins.
   *
   * @throws IllegalArgumentException if the weight is frozen
   */
  public long from(Tensor weight) {
    return slot(weight).from;
  }

  /**
   * The gradient of {@code weight}, F32 or BF16 of its shape, or the part of it.
   *
   * @throws IllegalArgumentException if the weight is frozen
   */
  public Tensor of(Tensor weight) {
    var slot = slot(weight);
    if (slot.fresh) {
      slot.gradient.zero();
      slot.fresh = false;
    }
    return slot.gradient;
  }

  /** Makes every gradient zero. The memory is only written when the gradient is next used. */
  public void zero() {
    zero(0);
  }

  /**
   * The same before the step of this number, from which the random bits of BF16 gradients follow.
   */
  public void zero(long nextStep) {
    step = nextStep;
    for (var slot : slots.values()) {
      slot.fresh = true;
      slot.additions = 0;
    }
  }

  /**
   * Adds to the gradient of {@code weight}, unless it is frozen.
   *
   * @param tape lends F32 memory for a BF16 gradient
   * @param write writes the addition to F32 memory, or adds it to what is there
   */
  void add(Tape tape, Tensor weight, Consumer<GradientTarget> write) {
    var slot = slots.get(weight);
    if (slot == null) {
      return;
    }
    if (parts == null && slot.gradient.dtype() == DType.F32) {
      write.accept(new GradientTarget(slot.gradient, !slot.fresh));
      slot.fresh = false;
      return;
    }
    var addition = tape.allocate(DType.F32, weight.shape().dims());
    write.accept(new GradientTarget(addition, false));
    add(tape.device(), slot, addition);
    tape.release(addition);
  }

  /**
   * Takes part in an addition of other processes to the gradient of a weight, where each keeps a
   * part.
   *
   * @param weight its place in the list
   * @param workspace lends memory of the weight's size
   */
  public void addNothing(Device device, Workspace workspace, int weight) {
    var tensor = weights.get(weight);
    var nothing = workspace.allocate(DType.F32, tensor.shape());
    nothing.zero();
    add((CpuDevice) device, slot(tensor), nothing);
    workspace.release(nothing);
  }

  private void add(CpuDevice device, Slot slot, Tensor addition) {
    var own = addition;
    if (parts != null) {
      parts.sum(slot.index, addition);
      own =
          addition
              .reshape(addition.elements())
              .slice(slot.from, slot.from + slot.gradient.elements());
    }
    if (slot.gradient.dtype() == DType.BF16) {
      addRounded(device, slot, own);
    } else if (slot.fresh) {
      Arithmetic.convert(device, own, slot.gradient);
    } else {
      Arithmetic.add(device, slot.gradient, own, slot.gradient);
    }
    slot.fresh = false;
  }

  private void addRounded(CpuDevice device, Slot slot, Tensor addition) {
    var key = slot.nextKey(seed, step);
    var kernels = device.kernels();
    var gradient = slot.gradient;
    var isFirst = slot.fresh;
    Split.elements(
        device,
        addition.elements(),
        (from, n, worker) -> {
          var sum = device.workers().scratch(worker, 4L * n);
          var to = gradient.data();
          var element = slot.from + from;
          if (isFirst) {
            kernels.state().narrow(addition.data(), 4 * from, to, 2 * from, n, key, element);
          } else {
            kernels.widen(DType.BF16, to, 2 * from, sum, 0, n);
            kernels.add(sum, 0, addition.data(), 4 * from, sum, 0, n);
            kernels.state().narrow(sum, 0, to, 2 * from, n, key, element);
          }
        });
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }

  private static final class Slot {
    private final int index;
    private final Tensor gradient;
    private final long from;
    private boolean fresh = true;
    private long additions;

    private Slot(int index, Tensor gradient, long from) {
      this.index = index;
      this.gradient = gradient;
      this.from = from;
    }

    /** The key of the next addition. */
    long nextKey(long seed, long step) {
      return StochasticRounding.key(StochasticRounding.key(seed, step, index), additions++);
    }
  }
}
