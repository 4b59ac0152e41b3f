package org.bayu.tensor.internal.kernels.gemm;

import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Kernels that multiply matrices in their own way. Others' products are made of their tiles: {@link
 * TiledProduct}.
 */
public interface ProductKernels extends Kernels {
  /** How these kernels multiply matrices on {@code workers}, for one thread to use. */
  MatrixProduct matrixProduct(WorkerPool workers);
}
