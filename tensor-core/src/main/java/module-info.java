/** Tensors in off-heap memory, SIMD kernels and reverse-mode automatic differentiation. */
module org.bayu.tensor {
  requires transitive com.fasterxml.jackson.core;
  requires java.management;
  requires jdk.incubator.vector;
  requires jdk.management;
  requires static transitive org.jspecify;

  exports org.bayu.tensor;
  exports org.bayu.tensor.device;
  exports org.bayu.tensor.io;
  exports org.bayu.tensor.autograd;
  exports org.bayu.tensor.nn;
  exports org.bayu.tensor.optim;
}
