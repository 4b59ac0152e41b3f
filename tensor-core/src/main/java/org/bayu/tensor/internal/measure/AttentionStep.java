package org.bayu.tensor.internal.measure;

import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Attention;
import org.bayu.tensor.autograd.AttentionSegments;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.MatMul;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.internal.CpuDevice;

/** Attention of a sequence to itself, forward and backward. */
record AttentionStep(
    CpuDevice device, Workspace workspace, Tensor x, AttentionSegments segments, int headDim) {
  void run() {
    workspace.reset();
    try (var gradients = new Gradients(List.of())) {
      var tape = new Tape(device, workspace, gradients);
      var y = Attention.apply(tape, tape.input(x), tape.input(x), tape.input(x), segments, headDim);
      // Σ of y's first column, by two thin products: their time is nothing beside attention's.
      var row = workspace.allocate(DType.BF16, 1, x.rows());
      row.zero();
      var column = workspace.allocate(DType.BF16, x.columns(), 1);
      column.zero();
      var products = MatMul.apply(tape, y, tape.constant(column));
      tape.backward(MatMul.apply(tape, tape.constant(row), products));
    }
  }
}
