package org.bayu.tensor.autograd;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Compares the backward pass of a function with differences of its forward pass, element by
 * element, on the scalar kernels, whose sums are in double precision.
 *
 * <p>The function's result is made a scalar L = Σ cᵢ·yᵢ with fixed random factors. For a step h =
 * 2⁻⁵, D(h) = (L(x + h) − L(x − h)) / 2h has an error of order h² from the third derivative;
 * Richardson's (4·D(h/2) − D(h)) / 3 one of order h⁴, of which |D(h) − D(h/2)| / 3 is a generous
 * bound. To this comes the rounding of y to binary32, carried into L with the same factors and
 * divided by h. The tolerance is the sum of both, a few 1e-5 of a gradient of size 1.
 *
 * <p>For tests: it runs the function 4 times for each element.
 */
final class GradientCheck {
  private static final float STEP = 0x1p-5f;

  /** Roundings in a row that an element of the result has seen, as a statistical bound. */
  private static final double ROUNDINGS = 8;

  private final CpuDevice device;
  private final Workspace workspace;
  private final Function function;
  private final List<Tensor> weights;
  private final List<Tensor> inputs;

  /**
   * A differentiable function of its inputs and of weights that it knows. Every call must give the
   * same result.
   */
  @FunctionalInterface
  interface Function {
    /** Computes the function on {@code tape}. */
    Variable apply(Tape tape, List<Variable> inputs);
  }

  private GradientCheck(
      CpuDevice device,
      Workspace workspace,
      Function function,
      List<Tensor> weights,
      List<Tensor> inputs) {
    this.device = device;
    this.workspace = workspace;
    this.function = function;
    this.weights = weights;
    this.inputs = inputs;
  }

  /**
   * Checks the gradients in all of {@code weights} and {@code inputs}, F32 tensors, which are
   * changed and restored.
   *
   * @throws AssertionError naming the first element whose gradient is wrong
   */
  static void check(List<Tensor> weights, List<Tensor> inputs, Function function) {
    try (var device = new CpuDevice(ScalarKernels.INSTANCE, new WorkerPool(1));
        var workspace = new Workspace()) {
      new GradientCheck(device, workspace, function, weights, inputs).run();
    }
  }

  /** The fixed factors of {@code elements} results; a scalar's is 1. */
  private static double[] factors(int elements) {
    var random = new SplittableRandom(elements);
    var factors = new double[elements];
    for (var i = 0; i < elements; i++) {
      factors[i] = elements == 1 ? 1 : (float) random.nextDouble(-1, 1);
    }
    return factors;
  }

  private void run() {
    try (var arena = Arena.ofConfined();
        var gradients = new Gradients(weights)) {
      var analytic = new ArrayList<Tensor>();
      var tape = new Tape((Device) device, workspace, gradients);
      var variables = inputs.stream().map(tape::input).toList();
      var y = function.apply(tape, variables);
      var noise = noise(y.value());
      var seed = tape.allocate(y.value().dtype(), y.value().shape().dims());
      var factors = factors((int) seed.elements());
      for (var i = 0; i < factors.length; i++) {
        seed.setFloat(i, (float) factors[i]);
      }
      tape.backward(y, seed);
      weights.forEach(weight -> analytic.add(gradients.of(weight)));
      for (var variable : variables) {
        var copy = Tensor.allocate(arena, DType.F32, variable.value().shape());
        var gradient = variable.gradient();
        if (gradient != null) {
          copy.copyFrom(gradient);
        }
        analytic.add(copy);
      }
      for (var i = 0; i < analytic.size(); i++) {
        var isWeight = i < weights.size();
        var x = isWeight ? weights.get(i) : inputs.get(i - weights.size());
        var name = isWeight ? "weight " + i : "input " + (i - weights.size());
        compare(name, x, analytic.get(i), noise);
      }
    }
  }

  /** Rounding error of L: independent errors of the size of the largest result. */
  private static double noise(Tensor y) {
    var largest = 0.0;
    var squares = 0.0;
    var factors = factors((int) y.elements());
    for (var i = 0; i < factors.length; i++) {
      largest = Math.max(largest, Math.abs(y.getFloat(i)));
      squares += factors[i] * factors[i];
    }
    return ROUNDINGS * 0x1p-24 * largest * Math.sqrt(squares);
  }

  private void compare(String name, Tensor x, Tensor analytic, double noise) {
    for (var i = 0; i < x.elements(); i++) {
      var wide = difference(x, i, STEP);
      var narrow = difference(x, i, STEP / 2);
      var expected = (4 * narrow - wide) / 3;
      // Each difference has the error noise/step; Richardson's weights are 4/3 and 1/3.
      var tolerance = 3 * noise / STEP + Math.abs(wide - narrow) / 3;
      if (!(Math.abs(analytic.getFloat(i) - expected) <= tolerance)) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "gradient of %s %s, element %d: %.9g, by differences %.9g ± %.2g",
                name,
                x,
                i,
                analytic.getFloat(i),
                expected,
                tolerance));
      }
    }
  }

  private double difference(Tensor x, long index, float step) {
    var value = x.getFloat(index);
    var above = value + step;
    var below = value - step;
    x.setFloat(index, above);
    var high = loss();
    x.setFloat(index, below);
    var low = loss();
    x.setFloat(index, value);
    return (high - low) / ((double) above - below);
  }

  private double loss() {
    workspace.reset();
    var tape = Tape.inference(device, workspace);
    var y = function.apply(tape, inputs.stream().map(tape::constant).toList()).value();
    var factors = factors((int) y.elements());
    var sum = 0.0;
    for (var i = 0; i < factors.length; i++) {
      sum += factors[i] * y.getFloat(i);
    }
    return sum;
  }
}
