/** Loops over memory and matrix products: not exported. */
@NullMarked
package org.bayu.tensor.internal.kernels;

import org.jspecify.annotations.NullMarked;
