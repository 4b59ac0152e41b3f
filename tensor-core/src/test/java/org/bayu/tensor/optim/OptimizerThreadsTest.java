package org.bayu.tensor.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OptimizerThreadsTest {
  /** More than two tasks of the clip and of the update, and a remainder. */
  private static final int ELEMENTS = 150_001;

  /** The norm and the parameter after a clipped step. */
  private record Result(double norm, FloatBuffer parameter) {}

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void bitsDoNotDependOnThreads(int threads) {
    assertEquals(step(1), step(threads));
  }

  private static Result step(int threads) {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(threads)) {
      var random = new Random(6);
      var parameter = new Parameter("p", normal(arena, random), true);
      parameter.train(arena);
      var weights = List.of(parameter.value());
      var settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);
      try (var gradients = new Gradients(weights);
          var adamW = new AdamW(device, List.of(parameter), settings)) {
        gradients.of(parameter.value()).copyFrom(normal(arena, random));
        var norm = GradientClip.globalNorm(device, gradients);
        adamW.step(gradients, 0.01, GradientClip.scale(norm, 1));
        return new Result(norm, FloatBuffer.wrap(parameter.value().toFloats()));
      }
    }
  }

  private static Tensor normal(Arena arena, Random random) {
    var tensor = Tensor.allocate(arena, DType.F32, Shape.of(ELEMENTS));
    for (var i = 0; i < ELEMENTS; i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }
}
