package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongUnaryOperator;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.GradientTarget;
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
  private final MemorySegment scratch;
  private final List<Slot> added = new ArrayList<>();
  private @Nullable IntConsumer listener;
  private long step;

  /** Zero gradients of {@code weights}, F32, in this order, as in the other constructor. */
  public Gradients(Collection<Tensor> weights) {
    this(weights, Collections.nCopies(weights.size(), DType.F32), Set.of(), 0, null);
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
        Set.of(),
        seed,
        null);
  }

  /**
   * The same of given types.
   *
   * @param types F32 or BF16, one for each weight
   * @param shared the weights that two ops of a forward pass use
   * @param parts how the additions of each backward pass are summed; null if ops add to the
   *     gradients themselves
   */
  public Gradients(
      Collection<Tensor> weights,
      List<DType> types,
      Set<Tensor> shared,
      long seed,
      @Nullable GradientParts parts) {
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
                shared.contains(weight),
                weight.hasMemory()
                    ? Tensor.allocate(arena, type, shape)
                    : Tensor.withoutMemory(type, shape),
                from));
      }
      scratch = arena.allocate(parts == null ? 0 : GradientTerms.SCRATCH_BYTES, Tensor.ALIGNMENT);
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
      slot.held = null;
    }
  }

  /**
   * From now on calls {@code listener} with a weight's place in the list when the backward pass of
   * an op has ended that has added to its whole F32 gradient. A weight that one op uses then has
   * all of a backward pass.
   */
  public void whenAdded(IntConsumer listener) {
    this.listener = listener;
  }

  /** The backward pass of an op has ended. */
  void opEnded() {
    if (listener != null) {
      for (var slot : added) {
        listener.accept(slot.index);
      }
      added.clear();
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
      // An op may add in pieces.
      if (listener != null && !added.contains(slot)) {
        added.add(slot);
      }
      return;
    }
    // Not the tape's: it may be needed longer than the tape is there.
    var workspace = tape.workspace();
    var held = slot.held;
    var addition = held == null ? workspace.allocate(DType.F32, weight.shape()) : held;
    write.accept(new GradientTarget(addition, held != null));
    if (parts != null && slot.isShared && held == null) {
      slot.held = addition;
      return;
    }
    slot.held = null;
    add(slot, addition, tape.device(), workspace);
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
    add(slot(tensor), nothing, (CpuDevice) device, workspace);
  }

  private void add(Slot slot, Tensor addition, CpuDevice device, Workspace workspace) {
    var all = parts == null ? GradientParts.WHOLE : parts;
    var sum =
        new GradientTerms(
            device, slot.gradient, addition, slot.from, slot.fresh, slot.keys(seed, step), scratch);
    slot.fresh = false;
    slot.additions += all.terms();
    var done = all.add(slot.index, addition, sum);
    if (done != null) {
      workspace.release(done);
    }
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }

  private static final class Slot {
    private final int index;
    private final boolean isShared;
    private final Tensor gradient;
    private final long from;
    private boolean fresh = true;
    private long additions;
    private @Nullable Tensor held;

    private Slot(int index, boolean isShared, Tensor gradient, long from) {
      this.index = index;
      this.isShared = isShared;
      this.gradient = gradient;
      this.from = from;
    }

    /** The keys of the next additions. */
    LongUnaryOperator keys(long seed, long step) {
      var first = additions;
      var key = StochasticRounding.key(seed, step, index);
      return term -> StochasticRounding.key(key, first + term);
    }
  }
}
