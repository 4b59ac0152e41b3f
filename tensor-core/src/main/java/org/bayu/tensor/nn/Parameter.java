package org.bayu.tensor.nn;

import java.lang.foreign.SegmentAllocator;
import java.util.Collection;
import java.util.stream.Collectors;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.GradientParts;
import org.bayu.tensor.autograd.Gradients;
import org.jspecify.annotations.Nullable;

/**
 * A weight of a model under its full name, like {@code model.norm.weight}.
 *
 * <p>A parameter is frozen at first: its tensor may be in a mapped file, in any type. {@link
 * #train} gives it a copy, F32 or BF16, which an optimizer may change. {@link #trainPart} gives it
 * a BF16 copy that follows from F32 values, of which this process holds a part.
 */
public final class Parameter {
  private final String name;
  private final boolean decays;
  private final Part part;
  private Tensor value;
  private @Nullable Tensor master;
  private boolean trainable;
  private boolean shared;

  /**
   * A frozen parameter.
   *
   * @param decays whether weight decay applies to it: to matrices of linear layers, not to
   *     embeddings, norms and biases
   */
  public Parameter(String name, Tensor value, boolean decays) {
    this(name, value, decays, Part.WHOLE);
  }

  /**
   * The same for a part of a parameter, of which other processes have the rest.
   *
   * @param value the part
   */
  public Parameter(String name, Tensor value, boolean decays, Part part) {
    this.name = name;
    this.value = value;
    this.decays = decays;
    this.part = part;
  }

  /** The full name, as in a checkpoint. */
  public String name() {
    return name;
  }

  /** What the value is of the parameter of this name. */
  public Part part() {
    return part;
  }

  /** The shape of the parameter of this name. */
  public Shape wholeShape() {
    return part.wholeShape(value.shape());
  }

  /** The weight as it is now. */
  public Tensor value() {
    return value;
  }

  /** Whether weight decay applies to it. */
  public boolean decays() {
    return decays;
  }

  /** Two ops of a forward pass use it: an embedding that is the head's weight, too. */
  public void share() {
    shared = true;
  }

  /** Whether it is trained. */
  public boolean trainable() {
    return trainable;
  }

  /**
   * Makes it trainable: replaces its value by an F32 copy from {@code allocator}. The copy of a
   * value {@linkplain Tensor#withoutMemory without memory} has none either.
   */
  public void train(SegmentAllocator allocator) {
    train(allocator, DType.F32);
  }

  /**
   * The same with a copy of another type.
   *
   * @param type F32 or BF16, to which the value is rounded to nearest
   */
  public void train(SegmentAllocator allocator, DType type) {
    if (value.hasMemory()) {
      var copy = Tensor.allocate(allocator, type, value.shape());
      copy.copyFrom(value);
      value = copy;
    } else {
      value = Tensor.withoutMemory(type, value.shape());
    }
    trainable = true;
  }

  /**
   * Makes it trainable by several processes, each of which updates a part in F32: replaces its
   * value by a BF16 copy from {@code allocator}, rounded to nearest, and makes the {@linkplain
   * #master F32 copy} of the elements {@code from} to {@code to} - 1.
   */
  public void trainPart(SegmentAllocator allocator, long from, long to) {
    var elements = Shape.of(to - from);
    var given = value;
    train(allocator, DType.BF16);
    if (given.hasMemory()) {
      master = Tensor.allocate(allocator, DType.F32, elements);
      master.copyFrom(given.reshape(given.elements()).slice(from, to));
    } else {
      master = Tensor.withoutMemory(DType.F32, elements);
    }
  }

  /**
   * What an optimizer updates, F32 [elements], if that is a part of the elements and {@link #value}
   * follows from it; else null.
   */
  public @Nullable Tensor master() {
    return master;
  }

  /** The type of its gradient: BF16 if it is updated in that, else F32. */
  public DType gradientType() {
    return master == null && value.dtype() == DType.BF16 ? DType.BF16 : DType.F32;
  }

  /**
   * Zero gradients of these trainable parameters, in their order, BF16 of parameters that are
   * updated in BF16, else F32.
   *
   * @param seed of the stochastic rounding of BF16
   * @param parts how the additions of each backward pass are summed; null if ops add to the
   *     gradients themselves
   */
  public static Gradients gradients(
      Collection<Parameter> parameters, long seed, @Nullable GradientParts parts) {
    return new Gradients(
        parameters.stream().map(Parameter::value).toList(),
        parameters.stream().map(Parameter::gradientType).toList(),
        parameters.stream()
            .filter(each -> each.shared)
            .map(Parameter::value)
            .collect(Collectors.toSet()),
        seed,
        parts);
  }

  /** Name, type and shape. */
  @Override
  public String toString() {
    return name + " " + value;
  }
}
