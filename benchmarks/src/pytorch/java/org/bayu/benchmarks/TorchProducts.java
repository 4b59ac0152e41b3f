package org.bayu.benchmarks;

import static org.bytedeco.pytorch.global.torch.from_blob;
import static org.bytedeco.pytorch.global.torch.linear_out;
import static org.bytedeco.pytorch.global.torch.mm_out;

import java.lang.foreign.Arena;
import org.bayu.tensor.DType;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * PyTorch's products of the operands of {@link LinearProducts}, in the same memory, the mapped
 * weight among it.
 *
 * <p>The results' memory is there before, so that PyTorch pays for no allocation. The weight's
 * gradient is of the operands' type, as PyTorch's own autograd has it.
 */
final class TorchProducts implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final NoGradGuard noGrad = new NoGradGuard();
  private final LinearProducts operands;
  private final Result y;
  private final Result dx;
  private final Result dWeight;
  private final Tensor x;
  private final Tensor weight;
  private final Tensor dy;
  private final Tensor dyTransposed;

  /** The same memory for Bayu and for PyTorch. */
  private record Result(org.bayu.tensor.Tensor memory, Tensor torch) {}

  TorchProducts(LinearProducts operands) {
    this.operands = operands;
    x = view(operands.x);
    weight = view(operands.weight);
    dy = view(operands.dy);
    dyTransposed = dy.t();
    y = resultLike(operands.dy);
    dx = resultLike(operands.x);
    dWeight = resultLike(operands.weight);
  }

  private Result resultLike(org.bayu.tensor.Tensor operand) {
    var memory = org.bayu.tensor.Tensor.allocate(arena, operand.dtype(), operand.shape());
    return new Result(memory, view(memory));
  }

  private static Tensor view(org.bayu.tensor.Tensor tensor) {
    var type = tensor.dtype() == DType.BF16 ? ScalarType.BFloat16 : ScalarType.Float;
    return from_blob(
        new Pointer(tensor.data().asByteBuffer()), tensor.shape().dims(), new TensorOptions(type));
  }

  /** Computes one product. */
  void multiply(Product product) {
    // Each call returns another Java object for the result, to be freed.
    switch (product) {
      case FORWARD -> linear_out(y.torch, x, weight).close();
      case INPUT_GRADIENT -> mm_out(dx.torch, dy, weight).close();
      case WEIGHT_GRADIENT -> mm_out(dWeight.torch, dyTransposed, x).close();
    }
  }

  /** Compares some elements with products in double precision. */
  void check(Product product) {
    var result =
        switch (product) {
          case FORWARD -> y;
          case INPUT_GRADIENT -> dx;
          case WEIGHT_GRADIENT -> dWeight;
        };
    operands.check(product, result.memory);
  }

  @Override
  public void close() {
    for (var tensor :
        new Tensor[] {x, weight, dy, dyTransposed, y.torch, dx.torch, dWeight.torch}) {
      tensor.close();
    }
    noGrad.close();
    arena.close();
  }
}
