package org.bayu.llama;

import org.bayu.tensor.Device;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/** The kernels that run on every machine, whichever of them it would choose. */
public enum Tier {
  VECTOR,
  SCALAR;

  /** Two threads of these kernels. */
  public Device device() {
    return new CpuDevice(
        switch (this) {
          case VECTOR -> VectorKernels.INSTANCE;
          case SCALAR -> ScalarKernels.INSTANCE;
        },
        new WorkerPool(2));
  }
}
