package org.bayu.train;

import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.nn.Part;
import org.bayu.tensor.optim.AdamW;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of a run's state, of which this process may hold a part. First the processes that hold a
 * model together have parts of a matrix, then those that have the same of these may divide it.
 *
 * @param name in a checkpoint's file
 * @param modelPart what the processes with this part of the model have of the whole
 * @param shape of what they have
 * @param part what this process holds of that, all or a vector
 * @param stride elements of what they have between the beginnings of two parts
 * @param from the first element of the part
 * @param copy in another type of what they have, with which this process computes; null if there is
 *     none
 */
public record StateTensor(
    String name,
    Part modelPart,
    Shape shape,
    Tensor part,
    long stride,
    long from,
    @Nullable Tensor copy) {
  /** What is behind a parameter's name where the absmax of its moment's blocks stand. */
  private static final String ABSMAX = ".absmax";

  /** The moments m of an optimizer, those in 8 bits with their absmax. */
  static List<StateTensor> firstMoments(AdamW optimizer) {
    return moments(optimizer, true);
  }

  /** The moments v. */
  static List<StateTensor> secondMoments(AdamW optimizer) {
    return moments(optimizer, false);
  }

  private static List<StateTensor> moments(AdamW optimizer, boolean first) {
    var tensors = new ArrayList<StateTensor>();
    for (var state : optimizer.states()) {
      var name = state.parameter().name();
      var modelPart = state.parameter().part();
      var shape = state.parameter().value().shape();
      var shard = optimizer.shard();
      var moment = first ? state.m() : state.v();
      tensors.add(part(name, modelPart, shape, moment, shard, shape.elements(), 1));
      var absmax = first ? state.mAbsmax() : state.vAbsmax();
      if (absmax != null) {
        var block = AdamW.Moments.BLOCK;
        var blocks = Shape.of(Math.ceilDiv(shape.elements(), (long) block));
        tensors.add(
            part(name + ABSMAX, Part.WHOLE, blocks, absmax, shard, shape.elements(), block));
      }
    }
    return List.copyOf(tensors);
  }

  /** A tensor that this process holds whole. */
  public static StateTensor whole(String name, Tensor tensor) {
    return of(name, Part.WHOLE, tensor);
  }

  /** A parameter's value. */
  public static StateTensor of(Parameter parameter) {
    return of(parameter.name(), parameter.part(), parameter.value());
  }

  private static StateTensor of(String name, Part modelPart, Tensor tensor) {
    return new StateTensor(name, modelPart, tensor.shape(), tensor, tensor.elements(), 0, null);
  }

  /** A trained parameter, of which this process updates a part. */
  static StateTensor of(Parameter parameter, Shard shard) {
    var value = parameter.value();
    var master = parameter.master();
    return master == null
        ? of(parameter)
        : new StateTensor(
            parameter.name(),
            parameter.part(),
            value.shape(),
            master,
            shard.stride(value.elements()),
            shard.from(value.elements()),
            value);
  }

  /**
   * A tensor with an element for each block of a parameter's elements.
   *
   * @param held this process's part
   * @param elements of the parameter
   * @param block elements of a block; 1 for a tensor of the parameter's shape
   */
  private static StateTensor part(
      String name,
      Part modelPart,
      Shape whole,
      Tensor held,
      Shard shard,
      long elements,
      int block) {
    return shard.isWhole()
        ? of(name, modelPart, held)
        : new StateTensor(
            name,
            modelPart,
            whole,
            held,
            shard.stride(elements) / block,
            Math.ceilDiv(shard.from(elements), (long) block),
            null);
  }

  /** The type of the elements. */
  public DType dtype() {
    return part.dtype();
  }

  /** The shape in a checkpoint's file. */
  public Shape wholeShape() {
    return modelPart.wholeShape(shape);
  }

  /** Bytes of the whole. */
  public long byteSize() {
    return wholeShape().elements() * dtype().bytes();
  }

  /** Whether this process holds all that those with its part of the model have. */
  boolean isWhole() {
    return stride >= shape.elements() && part.elements() == shape.elements() && from == 0;
  }
}
