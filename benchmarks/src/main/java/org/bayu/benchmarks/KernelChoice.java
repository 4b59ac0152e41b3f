package org.bayu.benchmarks;

import org.bayu.tensor.internal.KernelProvider;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;

/** Whose kernels are measured. */
public enum KernelChoice {
  /** Those that Bayu chooses on this machine, or that {@code -Dbayu.kernels} names. */
  IN_USE,
  /** Their scalar twins. */
  SCALAR;

  Kernels kernels() {
    return this == SCALAR ? ScalarKernels.INSTANCE : KernelProvider.kernels();
  }
}
