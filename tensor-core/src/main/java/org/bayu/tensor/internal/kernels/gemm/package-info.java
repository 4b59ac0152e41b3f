/**
 * Matrix products on all threads: {@link org.bayu.tensor.internal.kernels.gemm.Gemm}, and how it
 * computes them from tiles. Not exported.
 */
@NullMarked
package org.bayu.tensor.internal.kernels.gemm;

import org.jspecify.annotations.NullMarked;
