/** Tensors in off-heap memory, SIMD kernels and reverse-mode automatic differentiation. */
module org.bayu.tensor {
  requires com.fasterxml.jackson.core;
  requires jdk.incubator.vector;
  requires static org.jspecify;

  exports org.bayu.tensor;
  exports org.bayu.tensor.io;
}
