package org.bayu.tensor;

import java.util.Arrays;

/**
 * The dimensions of a tensor, outermost first; rank 0 is a scalar.
 *
 * <p>Immutable. The number of elements and of bytes of any tensor fit in a {@code long}: a product
 * that overflows is refused when the shape is made.
 */
public final class Shape {
  private static final Shape SCALAR = new Shape(new long[0], 1);

  private final long[] dims;
  private final long elements;

  private Shape(long[] dims, long elements) {
    this.dims = dims;
    this.elements = elements;
  }

  /**
   * The shape with these dimensions.
   *
   * @throws ShapeException if a dimension is negative or the product does not fit
   */
  public static Shape of(long... dims) {
    if (dims.length == 0) {
      return SCALAR;
    }
    var product = 1L;
    for (var dim : dims) {
      if (dim < 0) {
        throw new ShapeException("negative dimension in " + Arrays.toString(dims));
      }
      try {
        // Zero dimensions must not hide an overflow of the others.
        product = Math.multiplyExact(product, Math.max(dim, 1));
      } catch (ArithmeticException e) {
        throw new ShapeException("too many elements: " + Arrays.toString(dims), e);
      }
    }
    if (product > Long.MAX_VALUE / 8) {
      throw new ShapeException("too many elements: " + Arrays.toString(dims));
    }
    for (var dim : dims) {
      product = dim == 0 ? 0 : product;
    }
    return new Shape(dims.clone(), product);
  }

  /** Number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /** Size of dimension {@code axis}; negative axes count from the end, −1 is the innermost. */
  public long dim(int axis) {
    return dims[axis < 0 ? dims.length + axis : axis];
  }

  /** Product of the dimensions; 1 for a scalar. */
  public long elements() {
    return elements;
  }

  /** A copy of the dimensions. */
  public long[] dims() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  /** Like {@code [32000, 4096]}. */
  @Override
  public String toString() {
    return Arrays.toString(dims);
  }
}
