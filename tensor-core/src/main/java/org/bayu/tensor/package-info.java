/**
 * Tensors: typed, shaped views of off-heap memory. {@link org.bayu.tensor.Tensor} is such a view,
 * {@link org.bayu.tensor.Workspace} the memory of a step, and {@link org.bayu.tensor.Device} the
 * kernels and threads that compute.
 *
 * {@snippet :
 * try (var arena = Arena.ofConfined()) {
 *   var x = Tensor.ofFloats(arena, Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
 *   System.out.println(x + " " + x.getFloat(4)); // F32 [2, 3] 5.0
 * }
 * }
 */
@NullMarked
package org.bayu.tensor;

import org.jspecify.annotations.NullMarked;
