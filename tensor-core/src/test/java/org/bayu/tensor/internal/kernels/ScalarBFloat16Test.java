package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The scalar twin, on any processor. */
class ScalarBFloat16Test extends BFloat16KernelsSuite {
  ScalarBFloat16Test() {
    super(ScalarBFloat16.INSTANCE);
  }

  @Test
  void theExponentialIsWithinItsErrorWhereItIsNormalAndSubnormal() {
    // Of all numbers the one with the greatest error, 2.19 units.
    var worst = units(0x1.57ac4p2f);
    for (var bits = 0; Float.intBitsToFloat(bits) < 104; bits += 509) {
      worst = Math.max(worst, units(-Float.intBitsToFloat(bits)));
      if (Float.intBitsToFloat(bits) < 88.7f) {
        worst = Math.max(worst, units(Float.intBitsToFloat(bits)));
      }
    }
    assertTrue(worst > 2 && worst <= 2.2, worst + " units in the last place");
    assertEquals(0, ScalarBFloat16.exp(-1e30f));
    assertEquals(Float.POSITIVE_INFINITY, ScalarBFloat16.exp(1e30f));
    assertEquals(Float.NaN, ScalarBFloat16.exp(Float.NaN));
  }

  private static double units(float x) {
    var exact = StrictMath.exp(x);
    return Math.abs(ScalarBFloat16.exp(x) - exact) / Math.ulp((float) exact);
  }
}
