package org.bayu.tensor.internal.kernels.machine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.util.List;
import org.bayu.tensor.autograd.AttentionStress;
import org.bayu.tensor.internal.OwnJvm;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.junit.jupiter.api.Test;

/**
 * Runs machine code in a JVM of its own for a few seconds, or for {@code -Dbayu.stressSeconds},
 * which {@code mvnw -Pstress verify} sets to minutes.
 */
class MachineStressTest {
  private static final long SECONDS = Long.getLong("bayu.stressSeconds", 4);

  /** Fixed in a usual build; minutes are for new cases. */
  private static final long SEED = SECONDS > 60 ? System.nanoTime() : 11;

  @Test
  void productsBetweenForbiddenPagesAreRight() throws IOException, InterruptedException {
    assumeFalse(TestTiers.machine().isEmpty(), "there is no machine code for this processor");
    runs(ProductStress.class, "products");
  }

  @Test
  void attentionBetweenForbiddenPagesIsRight() throws IOException, InterruptedException {
    assumeTrue(
        TestTiers.machine().stream().anyMatch(kernels -> kernels.attention() != null),
        "there is no machine code for attention on this processor");
    runs(AttentionStress.class, "attentions");
  }

  @Test
  void aCacheBetweenForbiddenPagesIsReadRight() throws IOException, InterruptedException {
    assumeFalse(TestTiers.machine().isEmpty(), "there is no machine code for this processor");
    runs(CacheStress.class, "reads");
  }

  private static void runs(Class<?> main, String what) throws IOException, InterruptedException {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "guard pages are made on Linux");
    var process =
        OwnJvm.run(
            List.of("-XX:-CreateCoredumpOnCrash", "-XX:ErrorFile=target/stress-crash.log"),
            main,
            Long.toString(SECONDS),
            Long.toString(SEED));
    var output = process.output();
    assertEquals(0, process.exitCode(), "seed " + SEED + ": " + output);
    assertTrue(output.matches("(?s).*[1-9]\\d* " + what), output);
  }
}
