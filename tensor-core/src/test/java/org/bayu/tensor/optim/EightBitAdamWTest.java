package org.bayu.tensor.optim;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.internal.kernels.DynamicCode;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Moments in 8 bits, beside the same update written down element by element. */
class EightBitAdamWTest {
  private static final AdamW.Settings SETTINGS =
      new AdamW.Settings(0.9, 0.95, 1e-8, 0.1, AdamW.Moments.EIGHT_BIT);

  private static final double RATE = 0.01;

  /** The update as a formula, with arrays and a search of all codes. */
  private static final class Twin {
    private static final float[] SIGNED = DynamicCode.SIGNED.values();
    private static final float[] UNSIGNED = DynamicCode.UNSIGNED.values();
    final float[] p;
    final int[] m;
    final int[] v;
    final float[] mAbsmax;
    final float[] vAbsmax;
    private int steps;

    Twin(float[] p) {
      this.p = p;
      m = new int[p.length];
      v = new int[p.length];
      mAbsmax = new float[(p.length + 255) / 256];
      vAbsmax = new float[(p.length + 255) / 256];
    }

    void step(float[] gradient, float gradientScale) {
      steps++;
      var mScale = (float) (1 / (1 - Math.pow(0.9, steps)));
      var vScale = (float) (1 / (1 - Math.pow(0.95, steps)));
      var mNext = new float[p.length];
      var vNext = new float[p.length];
      for (var i = 0; i < p.length; i++) {
        var g = gradient[i] * gradientScale;
        mNext[i] = 0.9f * (SIGNED[m[i]] * mAbsmax[i / 256]) + (1 - 0.9f) * g;
        vNext[i] = 0.95f * (UNSIGNED[v[i]] * vAbsmax[i / 256]) + (1 - 0.95f) * g * g;
        var direction =
            mNext[i] * mScale / ((float) Math.sqrt(vNext[i] * vScale) + 1e-8f) + 0.1f * p[i];
        p[i] -= (float) RATE * direction;
      }
      encode(mNext, SIGNED, m, mAbsmax);
      encode(vNext, UNSIGNED, v, vAbsmax);
      for (var i = 0; i < p.length; i++) {
        v[i] = vNext[i] > 0 ? Math.max(v[i], 1) : v[i];
      }
    }

    private static void encode(float[] numbers, float[] values, int[] codes, float[] absmax) {
      Arrays.fill(absmax, 0);
      for (var i = 0; i < numbers.length; i++) {
        absmax[i / 256] = Math.max(absmax[i / 256], Math.abs(numbers[i]));
      }
      for (var i = 0; i < numbers.length; i++) {
        var x = numbers[i] / absmax[i / 256];
        for (var code = 0; code < values.length; code++) {
          if (Math.abs(values[code] - x) < Math.abs(values[codes[i]] - x)) {
            codes[i] = code;
          }
        }
      }
    }
  }

  /** Two steps of a parameter that ends in the middle of a block, and of a task. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void updatesHaveTheBitsOfTheFormula(int threads) {
    var elements = 40_000;
    var random = new Random(5);
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(threads)) {
      var twin = new Twin(normal(random, elements));
      var parameter = new Parameter("p", Tensor.ofFloats(arena, Shape.of(elements), twin.p), true);
      parameter.train(arena);
      try (var gradients = new Gradients(List.of(parameter.value()));
          var adamW = new AdamW(device, List.of(parameter), SETTINGS)) {
        for (var step = 0; step < 2; step++) {
          var gradient = normal(random, elements);
          for (var i = 0; i < elements; i++) {
            gradient[i] *= (float) Math.pow(10, -5 * random.nextDouble());
            gradients.of(parameter.value()).setFloat(i, gradient[i]);
          }
          adamW.step(gradients, RATE, 0.5);
          twin.step(gradient, 0.5f);
          var state = adamW.states().getFirst();
          assertArrayEquals(twin.p, parameter.value().toFloats());
          assertArrayEquals(twin.mAbsmax, requireNonNull(state.mAbsmax()).toFloats());
          assertArrayEquals(twin.vAbsmax, requireNonNull(state.vAbsmax()).toFloats());
          assertCodes(twin.m, state.m());
          assertCodes(twin.v, state.v());
        }
      }
    }
  }

  private static void assertCodes(int[] expected, Tensor actual) {
    assertEquals(DType.U8, actual.dtype());
    for (var i = 0; i < expected.length; i++) {
      assertEquals(expected[i], (int) actual.getFloat(i), "code " + i);
    }
  }

  private static float[] normal(Random random, int n) {
    var values = new float[n];
    for (var i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  @Test
  void smallParametersKeepF32AndLargeOnesTakeTwoBytesAnElement() {
    try (var arena = Arena.ofShared();
        var device = Devices.cpu(1)) {
      var small = parameter(arena, 4095);
      var large = parameter(arena, 4097);
      try (var adamW = new AdamW(device, List.of(small, large), SETTINGS)) {
        var states = adamW.states();
        assertEquals(DType.F32, states.getFirst().m().dtype());
        assertNull(states.getFirst().vAbsmax());
        for (var state : states) {
          var elements = state.parameter().value().elements();
          assertEquals(state.bytes(), SETTINGS.moments().bytes(elements));
        }
        assertEquals(2 * 4097 + 2 * 4 * 17, states.getLast().bytes());
        assertEquals(8 * 4095, states.getFirst().bytes());
      }
    }
  }

  private static Parameter parameter(Arena arena, long elements) {
    return new Parameter("p", Tensor.allocate(arena, DType.F32, Shape.of(elements)), true);
  }
}
