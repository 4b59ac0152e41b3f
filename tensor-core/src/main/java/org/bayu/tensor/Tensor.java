package org.bayu.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * A dense array in off-heap memory: type, shape, and the bytes, row-major without gaps,
 * little-endian.
 *
 * <p>A tensor does not own its memory. The maker of the segment frees it (an {@link
 * java.lang.foreign.Arena Arena}, a {@link Workspace}, a mapped file). All tensors and views on the
 * segment are then invalid. Memory that Bayu allocates begins at a multiple of {@value #ALIGNMENT}
 * bytes. A mapped tensor may begin anywhere. The methods for single elements are for reading
 * results and for tests; the ops are in {@code org.bayu.tensor.autograd}.
 *
 * <p>Type and shape are immutable. Any thread may write the elements, without synchronisation.
 */
public final class Tensor {
  /** Alignment in bytes of memory allocated for tensors: a cache line, a 512-bit vector. */
  public static final long ALIGNMENT = 64;

  static {
    if (ByteOrder.nativeOrder() != ByteOrder.LITTLE_ENDIAN) {
      throw new ExceptionInInitializerError("Bayu's tensors need a little-endian processor");
    }
  }

  private final MemorySegment data;
  private final DType dtype;
  private final Shape shape;

  private Tensor(MemorySegment data, DType dtype, Shape shape) {
    this.data = data;
    this.dtype = dtype;
    this.shape = shape;
  }

  /**
   * A tensor on existing memory, which must hold exactly its bytes.
   *
   * @throws ShapeException if {@code data} has another size
   */
  public static Tensor of(MemorySegment data, DType dtype, Shape shape) {
    if (data.byteSize() != shape.elements() * dtype.bytes()) {
      throw new ShapeException(
          String.format(
              Locale.ROOT,
              "%s %s needs %d bytes, not %d",
              dtype,
              shape,
              shape.elements() * dtype.bytes(),
              data.byteSize()));
    }
    return new Tensor(data, dtype, shape);
  }

  /**
   * A tensor with type and shape but without elements, to count what a computation allocates.
   * Reading or writing an element throws an {@link IndexOutOfBoundsException}. Only dry-run devices
   * accept it, and the results of ops on such tensors have no memory either.
   */
  public static Tensor withoutMemory(DType dtype, Shape shape) {
    return new Tensor(MemorySegment.NULL, dtype, shape);
  }

  /** A new tensor from {@code allocator}; zeroed if the allocator zeroes, as an Arena does. */
  public static Tensor allocate(SegmentAllocator allocator, DType dtype, Shape shape) {
    return new Tensor(
        allocator.allocate(shape.elements() * dtype.bytes(), ALIGNMENT), dtype, shape);
  }

  /** A new F32 tensor with these elements in row-major order. */
  public static Tensor ofFloats(SegmentAllocator allocator, Shape shape, float... values) {
    var tensor = allocate(allocator, DType.F32, shape);
    if (values.length != shape.elements()) {
      throw new ShapeException(
          String.format(Locale.ROOT, "%d values for %s", values.length, shape));
    }
    MemorySegment.copy(values, 0, tensor.data, ValueLayout.JAVA_FLOAT, 0, values.length);
    return tensor;
  }

  /** A new I32 tensor of rank 1 with these elements. */
  public static Tensor ofInts(SegmentAllocator allocator, int... values) {
    var tensor = allocate(allocator, DType.I32, Shape.of(values.length));
    MemorySegment.copy(values, 0, tensor.data, ValueLayout.JAVA_INT, 0, values.length);
    return tensor;
  }

  /** Whether there are elements; false for a tensor made by {@link #withoutMemory}. */
  public boolean hasMemory() {
    return data.byteSize() == byteSize();
  }

  /** The memory, exactly {@link #byteSize} long. */
  public MemorySegment data() {
    return data;
  }

  /** The type of the elements. */
  public DType dtype() {
    return dtype;
  }

  /** The dimensions. */
  public Shape shape() {
    return shape;
  }

  /** Number of elements. */
  public long elements() {
    return shape.elements();
  }

  /** Number of bytes. */
  public long byteSize() {
    return shape.elements() * dtype.bytes();
  }

  /** Size of dimension {@code axis}; negative axes count from the end. */
  public long dim(int axis) {
    return shape.dim(axis);
  }

  /**
   * Product of all dimensions except the innermost: the number of rows if this tensor is seen as a
   * matrix [rows, columns]. A vector is one row.
   */
  public int rows() {
    var columns = columns();
    return columns == 0 ? 0 : Math.toIntExact(elements() / columns);
  }

  /** Size of the innermost dimension; 1 for a scalar. */
  public int columns() {
    return shape.rank() == 0 ? 1 : Math.toIntExact(shape.dim(-1));
  }

  /** A view with another shape of as many elements. */
  public Tensor reshape(long... dims) {
    return view(0, byteSize(), Shape.of(dims));
  }

  private Tensor view(long from, long bytes, Shape viewed) {
    return hasMemory()
        ? of(data.asSlice(from, bytes), dtype, viewed)
        : withoutMemory(dtype, viewed);
  }

  /** A view of the rows {@code from} (inclusive) to {@code to} (exclusive) of dimension 0. */
  public Tensor slice(long from, long to) {
    var dims = shape.dims();
    if (from < 0 || to < from || to > dims[0]) {
      throw new ShapeException(String.format(Locale.ROOT, "rows %d to %d of %s", from, to, shape));
    }
    var rowBytes = dims[0] == 0 ? 0 : byteSize() / dims[0];
    dims[0] = to - from;
    return view(from * rowBytes, (to - from) * rowBytes, Shape.of(dims));
  }

  /** Element {@code index} in row-major order, as binary32 (an I32 is rounded). */
  public float getFloat(long index) {
    return switch (dtype) {
      case F32 -> data.get(JAVA_FLOAT_UNALIGNED, index * 4);
      case BF16 -> BFloat16.toFloat(data.get(JAVA_SHORT_UNALIGNED, index * 2));
      case F16 -> Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, index * 2));
      case I32 -> data.get(JAVA_INT_UNALIGNED, index * 4);
      case U8 -> Byte.toUnsignedInt(data.get(JAVA_BYTE, index));
    };
  }

  /** Sets element {@code index}, rounded to the nearest value of this type, ties to even. */
  public void setFloat(long index, float value) {
    switch (dtype) {
      case F32 -> data.set(JAVA_FLOAT_UNALIGNED, index * 4, value);
      case BF16 -> data.set(JAVA_SHORT_UNALIGNED, index * 2, BFloat16.fromFloat(value));
      case F16 -> data.set(JAVA_SHORT_UNALIGNED, index * 2, Float.floatToFloat16(value));
      case I32 -> data.set(JAVA_INT_UNALIGNED, index * 4, (int) Math.rint(value));
      case U8 -> data.set(JAVA_BYTE, index, (byte) Math.clamp(Math.rint(value), 0, 255));
    }
  }

  /** Element {@code index} of an I32 tensor. */
  public int getInt(long index) {
    if (dtype != DType.I32) {
      throw new IllegalStateException("getInt of " + this);
    }
    return data.get(JAVA_INT_UNALIGNED, index * 4);
  }

  /** All elements in row-major order, widened to binary32. */
  public float[] toFloats() {
    var values = new float[Math.toIntExact(elements())];
    for (var i = 0; i < values.length; i++) {
      values[i] = getFloat(i);
    }
    return values;
  }

  /** Sets every byte to zero. */
  public void zero() {
    data.fill((byte) 0);
  }

  /**
   * Copies {@code source}'s elements into this tensor, rounding where this type is narrower.
   *
   * @throws ShapeException if the shapes differ
   */
  public void copyFrom(Tensor source) {
    if (!shape.equals(source.shape)) {
      throw new ShapeException("copy of %s into %s".formatted(source, this));
    }
    if (dtype == source.dtype) {
      data.copyFrom(source.data);
      return;
    }
    for (var i = 0L; i < elements(); i++) {
      setFloat(i, source.getFloat(i));
    }
  }

  /** Type and shape, like {@code BF16 [32000, 4096]}. */
  @Override
  public String toString() {
    return dtype + " " + shape;
  }
}
