package org.bayu.tensor.internal.kernels;

import org.bayu.tensor.internal.kernels.vector.VectorKernels;

/** The kernels on the Vector API. */
class VectorKernelsTest extends KernelsSuite {
  VectorKernelsTest() {
    super(VectorKernels.INSTANCE);
  }
}
