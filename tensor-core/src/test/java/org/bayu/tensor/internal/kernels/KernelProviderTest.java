package org.bayu.tensor.internal.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class KernelProviderTest {
  @Test
  void theVectorKernelsAreUsedWhereTheirModuleIs() {
    var choice = KernelProvider.choose(null, true);
    assertEquals("vector", choice.kernels().tier());
    assertTrue(choice.reason().contains("-bit vectors"), choice.reason());
  }

  @Test
  void withoutTheVectorModuleTheScalarKernelsAreUsed() {
    var choice = KernelProvider.choose(null, false);
    assertEquals("scalar", choice.kernels().tier());
    assertEquals("this JVM runs without jdk.incubator.vector", choice.reason());
  }

  @Test
  void thePropertyForcesATier() {
    assertEquals("scalar", KernelProvider.choose("scalar", true).kernels().tier());
    assertEquals("vector", KernelProvider.choose("vector", true).kernels().tier());
  }

  @Test
  void whatCannotRunIsRefusedInOneSentence() {
    assertRefused("machine", true, "this build has no machine-code kernels; use vector or scalar");
    assertRefused("vector", false, "needs Java started with --add-modules jdk.incubator.vector");
    assertRefused("sse", true, "there are vector and scalar kernels");
  }

  private static void assertRefused(String setting, boolean hasVectorModule, String message) {
    var refusal =
        assertThrows(
            IllegalArgumentException.class, () -> KernelProvider.choose(setting, hasVectorModule));
    var said = String.valueOf(refusal.getMessage());
    assertTrue(said.contains(message), said);
    assertTrue(said.startsWith("-Dbayu.kernels=" + setting), said);
  }

  @Test
  void theChoiceIsMadeOnce() {
    assertEquals(KernelProvider.kernels(), KernelProvider.kernels());
    assertTrue(KernelProvider.reason().length() > 10);
  }
}
