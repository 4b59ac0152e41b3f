package org.bayu.tensor.nn;

import java.lang.foreign.SegmentAllocator;
import java.util.Locale;
import java.util.Objects;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;

/**
 * What a process has of a parameter, if several processes compute a model together: all of it, or
 * one of equal parts of a matrix.
 *
 * @param axis along which the matrix is cut
 * @param index from 0 to {@code count} - 1
 * @param count number of parts
 */
public record Part(Axis axis, int index, int count) {
  /** All of it. */
  public static final Part WHOLE = new Part(Axis.ROWS, 0, 1);

  /** What the parts of a matrix are. */
  public enum Axis {
    /** Neighbouring rows: the outputs of a linear layer. */
    ROWS(0),
    /** Neighbouring columns: its inputs. */
    COLUMNS(1);

    /** Of a matrix, the dimension that is cut. */
    private final int dim;

    Axis(int dim) {
      this.dim = dim;
    }
  }

  /** Refuses what is no part. */
  public Part {
    Objects.checkIndex(index, count);
  }

  /** Whether it is everything. */
  public boolean isWhole() {
    return count == 1;
  }

  /**
   * The shape of a part.
   *
   * @throws ShapeException if the whole cannot be cut so
   */
  public Shape shape(Shape whole) {
    if (isWhole()) {
      return whole;
    }
    var dims = whole.dims();
    if (dims.length != 2 || dims[axis.dim] % count != 0) {
      throw new ShapeException(
          String.format(
              Locale.ROOT,
              "%s cannot be cut into %d parts of its %s",
              whole,
              count,
              axis.name().toLowerCase(Locale.ROOT)));
    }
    dims[axis.dim] /= count;
    return Shape.of(dims);
  }

  /** The shape of what a part of this shape is of. */
  public Shape wholeShape(Shape part) {
    if (isWhole()) {
      return part;
    }
    var dims = part.dims();
    dims[axis.dim] *= count;
    return Shape.of(dims);
  }

  /** The first of the whole's columns that a part with so many has. */
  public int firstColumn(int columns) {
    return axis == Axis.COLUMNS ? index * columns : 0;
  }

  /**
   * This part of a tensor: a view of its rows, or a copy of its columns.
   *
   * @param allocator of the copy's memory
   * @throws ShapeException if the whole cannot be cut so
   */
  public Tensor of(Tensor whole, SegmentAllocator allocator) {
    var shape = shape(whole.shape());
    if (isWhole()) {
      return whole;
    }
    if (axis == Axis.ROWS) {
      return whole.slice(index * shape.dim(0), (index + 1) * shape.dim(0));
    }
    if (!whole.hasMemory()) {
      return Tensor.withoutMemory(whole.dtype(), shape);
    }
    var part = Tensor.allocate(allocator, whole.dtype(), shape);
    var bytes = shape.dim(1) * whole.dtype().bytes();
    for (var row = 0L; row < shape.dim(0); row++) {
      var from = whole.data().asSlice((row * count + index) * bytes, bytes);
      part.data().asSlice(row * bytes, bytes).copyFrom(from);
    }
    return part;
  }

  /** Copies a tensor that is this part to its place in the whole. */
  public void copy(Tensor part, Tensor whole) {
    if (isWhole() || axis == Axis.ROWS) {
      var bytes = part.byteSize();
      whole.data().asSlice(index * bytes, bytes).copyFrom(part.data());
      return;
    }
    var bytes = (long) part.columns() * part.dtype().bytes();
    for (var row = 0L; row < part.rows(); row++) {
      var to = whole.data().asSlice((row * count + index) * bytes, bytes);
      to.copyFrom(part.data().asSlice(row * bytes, bytes));
    }
  }
}
