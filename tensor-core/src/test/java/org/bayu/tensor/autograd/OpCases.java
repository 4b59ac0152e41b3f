package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleUnaryOperator;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.AttentionSegments.Segment;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.GradientCheck.Function;
import org.bayu.tensor.autograd.Linear.LowRank;

/** Every op at awkward sizes, for the tests of what holds for all of them. */
final class OpCases {
  private final Arena arena;
  private final DType type;
  private final int rows;
  private final Random random = new Random(20);
  private final List<Case> cases = new ArrayList<>();

  /**
   * A function of inputs and of the trainable weights that it knows.
   *
   * @param single whether it is one op that rounds to the activations' type once
   */
  record Case(
      String name, boolean single, List<Tensor> weights, List<Tensor> inputs, Function function) {
    @Override
    public String toString() {
      return name;
    }
  }

  private OpCases(Arena arena, DType type, int rows) {
    this.arena = arena;
    this.type = type;
    this.rows = rows;
  }

  /** The cases with activations [rows, some columns] of type {@code type}, weights of F32. */
  static List<Case> all(Arena arena, DType type, int rows) {
    var all = new OpCases(arena, type, rows);
    all.elementwise();
    all.rowwise();
    all.products();
    all.loss();
    all.structure();
    return all.cases;
  }

  private void op(String name, List<Tensor> weights, List<Tensor> inputs, Function function) {
    cases.add(new Case(name, true, weights, inputs, function));
  }

  private void composed(String name, List<Tensor> weights, List<Tensor> inputs, Function function) {
    cases.add(new Case(name, false, weights, inputs, function));
  }

  /** Normal numbers that BF16 holds exactly, so that both types see the same input. */
  private Tensor normal(DType dtype, long... dims) {
    var tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
    for (var i = 0; i < tensor.elements(); i++) {
      tensor.setFloat(i, BFloat16.round((float) random.nextGaussian()));
    }
    return tensor;
  }

  private Tensor activation(int columns) {
    return normal(type, rows, columns);
  }

  private Tensor weight(long... dims) {
    return normal(DType.F32, dims);
  }

  private Tensor ints(int bound) {
    return Tensor.ofInts(arena, random.ints(rows, 0, bound).toArray());
  }

  private void elementwise() {
    op(
        "add",
        List.of(),
        List.of(activation(7), activation(7)),
        (tape, x) -> Add.apply(tape, x.get(0), x.get(1)));
    op(
        "add of one variable to itself",
        List.of(),
        List.of(activation(7)),
        (tape, x) -> Add.apply(tape, x.get(0), x.get(0)));
    op(
        "multiply",
        List.of(),
        List.of(activation(7), activation(7)),
        (tape, x) -> Multiply.apply(tape, x.get(0), x.get(1)));
    op(
        "square",
        List.of(),
        List.of(activation(7)),
        (tape, x) -> Multiply.apply(tape, x.get(0), x.get(0)));
    op(
        "swiglu",
        List.of(),
        List.of(activation(7), activation(7)),
        (tape, x) -> SwiGlu.apply(tape, x.get(0), x.get(1)));
    op(
        "swiglu of one variable",
        List.of(),
        List.of(activation(7)),
        (tape, x) -> SwiGlu.apply(tape, x.get(0), x.get(0)));
    op(
        "dropout",
        List.of(),
        List.of(activation(9)),
        (tape, x) -> Dropout.apply(tape, x.get(0), 0.4f, Dropout.key(1, 2, 3), rowNumbers()));
  }

  private long[] rowNumbers() {
    var numbers = new long[rows];
    for (var i = 0; i < rows; i++) {
      numbers[i] = i * 17L;
    }
    return numbers;
  }

  private void rowwise() {
    var norm = weight(11);
    op(
        "rms norm",
        List.of(norm),
        List.of(activation(11)),
        (tape, x) -> RmsNorm.apply(tape, x.get(0), norm, 1e-5f));
    // Columns for more than one task of the backward pass.
    var table = weight(13, 130);
    var ids = ints(13);
    op(
        "embedding",
        List.of(table),
        List.of(),
        (tape, x) -> Embedding.apply(tape, ids, table, type));
    var angles = weight(19, 3);
    var positions = ints(19);
    var rotary = new RotaryTable(map(angles, Math::cos), map(angles, Math::sin));
    op(
        "rotary embedding",
        List.of(),
        List.of(activation(12)),
        (tape, x) -> RotaryEmbedding.apply(tape, x.get(0), positions, rotary));
    var segments = family();
    composed(
        "attention",
        List.of(),
        List.of(activation(12), activation(6), activation(6)),
        (tape, x) -> Attention.apply(tape, x.get(0), x.get(1), x.get(2), segments, 3));
    var picked = random.ints(6, 0, rows).toArray();
    op(
        "gather",
        List.of(),
        List.of(activation(3)),
        (tape, x) -> Gather.apply(tape, x.get(0), picked, type));
  }

  /** A root of a few rows, and below it segments of up to 37 rows. */
  private AttentionSegments family() {
    var root = new Segment(0, Math.min(3, rows), 0, Math.min(3, rows), List.of());
    var segments = new ArrayList<>(List.of(root));
    for (var start = 3; start < rows; start += 37) {
      var length = Math.min(37, rows - start);
      segments.add(new Segment(start, length, start, length, List.of(root.ownKeys())));
    }
    return new AttentionSegments(segments);
  }

  private Tensor map(Tensor x, DoubleUnaryOperator f) {
    var y = Tensor.allocate(arena, DType.F32, x.shape());
    for (var i = 0; i < x.elements(); i++) {
      y.setFloat(i, (float) f.applyAsDouble(x.getFloat(i)));
    }
    return y;
  }

  private void products() {
    op(
        "matrix product",
        List.of(),
        List.of(activation(5), normal(type, 5, 7)),
        (tape, x) -> MatMul.apply(tape, x.get(0), x.get(1)));
    var w = weight(5, 7);
    var bias = weight(5);
    var a = weight(2, 7);
    var b = weight(5, 2);
    op(
        "linear",
        List.of(w),
        List.of(activation(7)),
        (tape, x) -> Linear.apply(tape, x.get(0), w, null, null));
    composed(
        "linear with bias and low-rank term",
        List.of(w, bias, a, b),
        List.of(activation(7)),
        (tape, x) -> Linear.apply(tape, x.get(0), w, bias, new LowRank(a, b, 0.5f, null)));
    composed(
        "linear with low-rank term on dropped inputs, weight frozen",
        List.of(a, b),
        List.of(activation(7)),
        (tape, x) -> {
          var dropped = Dropout.apply(tape, x.get(0), 0.3f, 5, rowNumbers());
          return Linear.apply(tape, x.get(0), w, null, new LowRank(a, b, 2, dropped));
        });
  }

  private void loss() {
    var w = weight(9, 6);
    var a = weight(2, 6);
    var b = weight(9, 2);
    var targets =
        new Targets(new int[] {2, 0, 2, 4}, new int[] {8, 0, 3, 5}, new double[] {1, 0.5, 2, 0.25});
    composed(
        "linear cross-entropy",
        List.of(w, a, b),
        List.of(activation(6)),
        (tape, x) ->
            LinearCrossEntropy.apply(tape, x.get(0), w, new LowRank(a, b, 0.5f, null), targets));
  }

  private void structure() {
    var w = weight(7, 7);
    var norm = weight(7);
    Checkpoint.Block block =
        (tape, x) -> {
          var y = Linear.apply(tape, RmsNorm.apply(tape, x, norm, 1e-5f), w, null, null);
          return Add.apply(tape, x, Dropout.apply(tape, y, 0.2f, 9, rowNumbers()));
        };
    composed(
        "block",
        List.of(w, norm),
        List.of(activation(7)),
        (tape, x) -> block.apply(tape, x.get(0)));
    composed(
        "checkpointed blocks",
        List.of(w, norm),
        List.of(activation(7)),
        (tape, x) -> Checkpoint.apply(tape, Checkpoint.apply(tape, x.get(0), block), block));
    composed(
        "checkpoint of nothing",
        List.of(),
        List.of(activation(7)),
        (tape, x) -> Checkpoint.apply(tape, x.get(0), (t, y) -> y));
    composed(
        "a gradient passed to three sums, one of them used again",
        List.of(),
        List.of(activation(3), activation(3)),
        (tape, x) -> {
          var a = Multiply.apply(tape, x.get(0), x.get(1));
          var b = Add.apply(tape, a, x.get(0));
          var c = Add.apply(tape, b, a);
          return Add.apply(tape, c, SwiGlu.apply(tape, b, x.get(1)));
        });
  }
}
