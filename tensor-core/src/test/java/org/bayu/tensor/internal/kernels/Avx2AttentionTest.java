package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Objects;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;

/** The suite for the machine code of AVX2, also on processors that have more. */
class Avx2AttentionTest extends AttentionKernelsSuite {
  Avx2AttentionTest() {
    super(find());
  }

  private static AttentionKernels find() {
    var kernels = TestTiers.avx2();
    assumeTrue(kernels.isPresent(), "no AVX2 here");
    return Objects.requireNonNull(kernels.orElseThrow().attention());
  }
}
