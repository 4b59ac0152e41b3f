package org.bayu.finetune.command;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.Weights;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.Tensor;

/**
 * Normally distributed weights of any size, fast: each is one of the {@value #VALUES} quantiles of
 * the normal distribution, drawn by a hash of seed, name and place. The norms' weights are 1,
 * biases 0. A tensor's memory is used again for the next.
 */
public final class RandomWeights implements Weights, AutoCloseable {
  private static final int VALUES = 1 << 16;
  private static final int TASK_ELEMENTS = 1 << 16;

  private final Map<String, Shape> shapes;
  private final DType dtype;
  private final long seed;
  private final Tensor quantiles;
  private final Arena quantilesArena = Arena.ofShared();
  private Arena arena = Arena.ofShared();

  /** Weights of this model. */
  RandomWeights(LlamaConfig config, DType dtype, double deviation, long seed) {
    this.shapes = config.parameterShapes();
    this.dtype = dtype;
    this.seed = seed;
    quantiles = Tensor.allocate(quantilesArena, dtype, Shape.of(VALUES));
    var z = normalQuantiles(VALUES);
    for (var i = 0; i < VALUES; i++) {
      quantiles.setFloat(i, (float) (deviation * z[i]));
    }
  }

  @Override
  public Tensor tensor(String name) {
    var shape = Objects.requireNonNull(shapes.get(name), name);
    arena.close();
    arena = Arena.ofShared();
    var tensor = Tensor.allocate(arena, dtype, shape);
    if (shape.rank() == 1) {
      var value = name.endsWith(".bias") ? 0 : 1;
      for (var i = 0L; i < tensor.elements(); i++) {
        tensor.setFloat(i, value);
      }
    } else {
      var start = mix(seed ^ mix(name.hashCode()));
      var tasks = Math.toIntExact((tensor.elements() + TASK_ELEMENTS - 1) / TASK_ELEMENTS);
      IntStream.range(0, tasks).parallel().forEach(task -> fill(tensor, start, task));
    }
    return tensor;
  }

  private void fill(Tensor tensor, long start, int task) {
    var from = (long) task * TASK_ELEMENTS;
    var to = Math.min(tensor.elements(), from + TASK_ELEMENTS);
    var bits = 0L;
    for (var i = from; i < to; i++) {
      bits = i % 4 == 0 ? mix(start + i) : bits >>> 16;
      copy((int) bits & (VALUES - 1), tensor, i);
    }
  }

  private void copy(int quantile, Tensor to, long index) {
    if (dtype == DType.F32) {
      to.data()
          .setAtIndex(
              ValueLayout.JAVA_INT,
              index,
              quantiles.data().getAtIndex(ValueLayout.JAVA_INT, quantile));
    } else {
      to.data()
          .setAtIndex(
              ValueLayout.JAVA_SHORT,
              index,
              quantiles.data().getAtIndex(ValueLayout.JAVA_SHORT, quantile));
    }
  }

  /** The first number of the generator in this state. */
  private static long mix(long state) {
    return SplitMix64.mix(state + SplitMix64.GAMMA);
  }

  /**
   * The standard normal distribution's quantiles (i + ½)/n, ascending; n is even. The quantile z of
   * p obeys dz/dp = 1/φ(z), solved from the median outwards by the Runge-Kutta method.
   */
  public static double[] normalQuantiles(int n) {
    var quantiles = new double[n];
    var z = 0.0;
    for (var i = 0; i < n / 2; i++) {
      // From the median to the first quantile it is half a step.
      var step = (i == 0 ? 0.5 : 1) / n;
      var k1 = inverseDensity(z);
      var k2 = inverseDensity(z + step / 2 * k1);
      var k3 = inverseDensity(z + step / 2 * k2);
      var k4 = inverseDensity(z + step * k3);
      z += step / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
      quantiles[n / 2 + i] = z;
      quantiles[n / 2 - 1 - i] = -z;
    }
    return quantiles;
  }

  private static double inverseDensity(double z) {
    return Math.sqrt(2 * Math.PI) * Math.exp(z * z / 2);
  }

  @Override
  public void close() {
    arena.close();
    quantilesArena.close();
  }
}
