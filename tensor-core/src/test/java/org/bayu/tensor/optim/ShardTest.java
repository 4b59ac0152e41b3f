package org.bayu.tensor.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ShardTest {
  private static final int PARTS = 3;

  @ParameterizedTest
  @ValueSource(longs = {0, 1, 255, 256, 257, 768, 769, 100_000, 5_000_000_001L})
  void thePartsAreEverythingOnceAndCutNoBlock(long elements) {
    for (var count : new int[] {1, 2, 3, 7, 64}) {
      var end = 0L;
      for (var i = 0; i < count; i++) {
        var shard = new Shard(i, count);
        assertEquals(end, shard.from(elements));
        end = shard.to(elements);
        assertEquals(end - shard.from(elements), shard.size(elements));
        assertEquals(0, end == elements ? 0 : end % 256);
      }
      assertEquals(elements, end);
    }
  }

  /** Two steps of a matrix and of a vector that has no element in the last part. */
  @ParameterizedTest
  @CsvSource({"F32, F32", "F32, EIGHT_BIT", "BF16, EIGHT_BIT"})
  void theOptimizersOfAllPartsDoWhatOneDoes(DType type, AdamW.Moments moments) {
    var settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, moments);
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(2)) {
      var whole = parameters(arena, type);
      var divided = parameters(arena, type);
      try (var one = new AdamW(device, whole, settings, 7);
          var first = new AdamW(device, divided, settings, 7, new Shard(0, PARTS));
          var second = new AdamW(device, divided, settings, 7, new Shard(1, PARTS));
          var third = new AdamW(device, divided, settings, 7, new Shard(2, PARTS));
          var wholeGradients = new Gradients(values(whole), 0);
          var dividedGradients = new Gradients(values(divided), 0)) {
        for (var step = 0; step < 2; step++) {
          fill(wholeGradients, step);
          fill(dividedGradients, step);
          one.step(wholeGradients, 1e-2, 0.5);
          for (var part : List.of(first, second, third)) {
            part.step(dividedGradients, 1e-2, 0.5);
          }
        }
        for (var i = 0; i < whole.size(); i++) {
          assertEquals(
              -1, whole.get(i).value().data().mismatch(divided.get(i).value().data()), "" + i);
        }
      }
    }
  }

  /** The update is that of the F32 values, of which the copies are rounded. */
  @ParameterizedTest
  @EnumSource
  void theMastersOfAllPartsAreUpdatedAsOneIs(AdamW.Moments moments) {
    var settings = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, moments);
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(2)) {
      var whole = parameters(arena, DType.F32);
      try (var one = new AdamW(device, whole, settings);
          var wholeGradients = Parameter.gradients(whole, 0, null)) {
        for (var step = 0; step < 2; step++) {
          fill(wholeGradients, step);
          one.step(wholeGradients, 1e-2, 0.5);
        }
        for (var part = 0; part < PARTS; part++) {
          var shard = new Shard(part, PARTS);
          var divided = frozen(arena);
          divided.forEach(
              each -> {
                var elements = each.value().elements();
                each.trainPart(arena, shard.from(elements), shard.to(elements));
              });
          try (var own = new AdamW(device, divided, settings, 0, shard);
              var gradients = Parameter.gradients(divided, 0, null)) {
            for (var step = 0; step < 2; step++) {
              fill(gradients, step);
              own.step(gradients, 1e-2, 0.5);
            }
          }
          for (var i = 0; i < whole.size(); i++) {
            var expected = flat(whole.get(i).value());
            var from = shard.from(expected.elements());
            var to = shard.to(expected.elements());
            var master = Objects.requireNonNull(divided.get(i).master());
            assertEquals(-1, expected.slice(from, to).data().mismatch(master.data()));
            var copy = Tensor.allocate(arena, DType.BF16, master.shape());
            copy.copyFrom(master);
            var value = flat(divided.get(i).value()).slice(from, to);
            assertEquals(-1, copy.data().mismatch(value.data()));
          }
        }
      }
    }
  }

  private static Tensor flat(Tensor tensor) {
    return tensor.reshape(tensor.elements());
  }

  private static List<Parameter> parameters(Arena arena, DType type) {
    var parameters = frozen(arena);
    parameters.forEach(parameter -> parameter.train(arena, type));
    return parameters;
  }

  private static List<Parameter> frozen(Arena arena) {
    var random = new Random(3);
    return List.of(
        new Parameter("matrix", normal(arena, random, Shape.of(100, 1000)), true),
        new Parameter("vector", normal(arena, random, Shape.of(300)), false));
  }

  private static List<Tensor> values(List<Parameter> parameters) {
    return parameters.stream().map(Parameter::value).toList();
  }

  private static Tensor normal(Arena arena, Random random, Shape shape) {
    var tensor = Tensor.allocate(arena, DType.F32, shape);
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }

  private static void fill(Gradients gradients, int seed) {
    var random = new Random(seed);
    for (var weight : gradients.weights()) {
      for (var i = 0L; i < weight.elements(); i++) {
        gradients.of(weight).setFloat(i, (float) random.nextGaussian());
      }
    }
  }

  @Test
  void theSumsOfSquaresOfAllPartsAddUpToTheSameBits() {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(2)) {
      var parameters = parameters(arena, DType.F32);
      try (var gradients = new Gradients(values(parameters))) {
        fill(gradients, 1);
        var own = arena.allocate(parameters.size() * ExactSum.BYTES, Long.BYTES);
        var sums = arena.allocate(parameters.size() * ExactSum.BYTES, Long.BYTES);
        for (var part = 0; part < PARTS; part++) {
          GradientClip.sumsOfSquares(device, gradients, new Shard(part, PARTS), own);
          for (var at = 0L; at < own.byteSize(); at += ExactSum.BYTES) {
            ExactSum.add(sums.asSlice(at, ExactSum.BYTES), own.asSlice(at, ExactSum.BYTES));
          }
        }
        var values = new double[parameters.size()];
        Arrays.setAll(values, i -> ExactSum.value(sums.asSlice(i * ExactSum.BYTES)));
        assertEquals(GradientClip.globalNorm(device, gradients), GradientClip.norm(values));
      }
    }
  }
}
