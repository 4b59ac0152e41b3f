package org.bayu.tensor.device;

import java.util.List;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Attention;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.MatMul;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.internal.CpuDevice;

/**
 * Attention of a sequence to itself, forward and backward.
 *
 * @param x [T, H·headDim]: queries, keys and values
 * @param ones [1, T]
 */
record AttentionStep(
    CpuDevice device,
    Workspace workspace,
    Tensor x,
    Tensor ones,
    AttentionSegments segments,
    int headDim) {
  void run() {
    workspace.reset();
    try (var gradients = new Gradients(List.of())) {
      var tape = new Tape(device, workspace, gradients);
      var y = Attention.apply(tape, tape.input(x), tape.input(x), tape.input(x), segments, headDim);
      // Σ of y's elements times those of x's first row, by two thin products.
      var sums = Linear.apply(tape, y, x.slice(0, 1), null, null);
      tape.backward(MatMul.apply(tape, tape.constant(ones), sums));
    }
  }
}
