package org.bayu.tensor.internal.kernels.vector;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.internal.OwnJvm;
import org.junit.jupiter.api.Test;

/** exp, σ and SiLU over all numbers, on vectors of each length in a JVM of its own. */
class ExponentialTest {
  @Test
  void errorsAreWithinTheirBoundsAndTheSameForAnyLengthOfVectors() throws Exception {
    var all = new ArrayList<List<String>>();
    for (var bits : new int[] {128, 256, 512}) {
      var ended = OwnJvm.run(List.of("-Dbayu.vectorBits=" + bits), ExponentialErrors.class);
      assertEquals(0, ended.exitCode(), ended.output());
      var lines = ended.output().lines().filter(line -> !line.contains("incubator")).toList();
      assertEquals("bits " + bits, lines.get(0));
      assertWithin(1.02, "exp", lines.get(1));
      assertWithin(2.5, "sigmoid", lines.get(2));
      assertWithin(3.2, "silu", lines.get(3));
      all.add(lines.subList(1, lines.size()));
    }
    assertEquals(all.get(0), all.get(1));
    assertEquals(all.get(0), all.get(2));
  }

  private static void assertWithin(double bound, String name, String line) {
    assertTrue(line.startsWith(name + " "), line);
    var error = Double.parseDouble(line.substring(name.length() + 1));
    assertTrue(error > 0.5 && error <= bound, line);
  }
}
