package org.bayu.tensor.io;

import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;

/**
 * A tensor to be written: its entry in the file's header, and a supplier of its elements.
 *
 * <p>The supplier is asked once. Its result is read until the next tensor's supplier is asked or
 * the write ends, so suppliers may reuse one buffer.
 */
public sealed interface TensorSource {
  /** Its name in the file. */
  String name();

  /** The element type in the file, in the format's spelling. */
  String dtypeName();

  /** The dimensions. */
  Shape shape();

  /** {@code tensor} as it is. */
  static TensorSource of(String name, Tensor tensor) {
    return new Elements(name, tensor.dtype(), tensor.shape(), () -> tensor);
  }

  /**
   * Elements. If the supplied tensor has another floating-point type, they are rounded to {@code
   * dtype} (to nearest, ties to even).
   */
  record Elements(String name, DType dtype, Shape shape, Supplier<Tensor> tensor)
      implements TensorSource {
    @Override
    public String dtypeName() {
      return dtype.name();
    }
  }

  /**
   * Bytes of any type, off-heap or in a byte array, as {@link SafetensorsFile#bytes} gives them.
   */
  record Bytes(String name, String dtypeName, Shape shape, Supplier<MemorySegment> bytes)
      implements TensorSource {}
}
