package org.bayu.lora;

import java.lang.foreign.Arena;
import java.lang.foreign.SegmentAllocator;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Shape;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Add;
import org.bayu.tensor.autograd.Gather;
import org.bayu.tensor.autograd.Linear;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.nn.Parameter;

/** W + scale·B·A in binary32, some rows at a time, each sum rounded once. */
final class LoraMerge {
  /** Elements of W at one time. */
  private static final int ELEMENTS = 1 << 20;

  private LoraMerge() {}

  static Tensor merged(
      Device device,
      LoraLinear layer,
      Tensor base,
      DType dtype,
      SegmentAllocator allocator,
      Function<Parameter, Tensor> whole) {
    if (!base.shape().equals(layer.weight().wholeShape())) {
      throw new ShapeException("merge: %s in place of %s".formatted(base, layer.weight().value()));
    }
    var merged = Tensor.allocate(allocator, dtype, base.shape());
    var rows = Math.max(1, ELEMENTS / base.columns());
    try (var arena = Arena.ofShared();
        var workspace = new Workspace()) {
      var a = scaledTranspose(whole.apply(layer.a()), layer.scale(), arena);
      var b = whole.apply(layer.b());
      for (var from = 0; from < base.rows(); from += rows) {
        var to = Math.min(from + rows, base.rows());
        var tape = Tape.inference(device, workspace);
        // [rows, rank] × [K, rank]ᵀ → [rows, K]
        var delta = Linear.apply(tape, tape.constant(b.slice(from, to)), a, null, null);
        var sum = Add.apply(tape, delta, tape.constant(base.slice(from, to)));
        var rounded = Gather.apply(tape, sum, IntStream.range(0, to - from).toArray(), dtype);
        merged.slice(from, to).copyFrom(rounded.value());
        workspace.reset();
      }
    }
    return merged;
  }

  /** scale·Aᵀ: [rank, K] → [K, rank]. */
  private static Tensor scaledTranspose(Tensor a, float scale, SegmentAllocator allocator) {
    var rank = a.rows();
    var columns = a.columns();
    var transposed = Tensor.allocate(allocator, DType.F32, Shape.of(columns, rank));
    for (var i = 0L; i < rank; i++) {
      for (var j = 0L; j < columns; j++) {
        transposed.setFloat(j * rank + i, scale * a.getFloat(i * columns + j));
      }
    }
    return transposed;
  }
}
