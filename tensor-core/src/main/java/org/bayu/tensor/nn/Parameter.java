package org.bayu.tensor.nn;

import java.lang.foreign.SegmentAllocator;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;

/**
 * A weight of a model under its full name, like {@code model.norm.weight}.
 *
 * <p>A parameter is frozen at first: its tensor may be in a mapped file, in any type. {@link
 * #train} gives it a copy, F32 or BF16, which an optimizer may change.
 */
public final class Parameter {
  private final String name;
  private final boolean decays;
  private final Part part;
  private Tensor value;
  private boolean trainable;

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

  /** Name, type and shape. */
  @Override
  public String toString() {
    return name + " " + value;
  }
}
