package org.bayu.tensor.internal.kernels;

class ScalarAttentionTest extends AttentionKernelsSuite {
  ScalarAttentionTest() {
    super(new ScalarAttention());
  }
}
