package org.bayu.tensor.internal.kernels.machine.x86;

/** What the instructions {@code CPUID} and {@code XGETBV} say. */
interface Cpuid {
  /** The registers that {@code CPUID} sets. */
  record Leaf(int eax, int ebx, int ecx, int edx) {}

  Leaf leaf(int leaf, int subleaf);

  /** The register states that the operating system keeps; to be asked only where it has OSXSAVE. */
  long xcr0();
}
