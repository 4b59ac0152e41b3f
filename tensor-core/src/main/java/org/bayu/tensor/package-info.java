/** Tensors: typed, shaped views of off-heap memory. */
@NullMarked
package org.bayu.tensor;

import org.jspecify.annotations.NullMarked;
