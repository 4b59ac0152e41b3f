package org.bayu.tensor.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.bayu.tensor.KernelsUnavailableException;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Available;
import org.bayu.tensor.internal.kernels.machine.MachineKernels.Availability.Missing;
import org.bayu.tensor.internal.kernels.machine.x86.X86Kernels;
import org.junit.jupiter.api.Test;

class KernelProviderTest {
  @Test
  void theFastestKernelsThatRunHereAreUsed() {
    var choice = KernelProvider.choose(null, true);
    switch (X86Kernels.availability()) {
      case Available available -> {
        assertEquals("machine", choice.kernels().tier());
        assertTrue(choice.reason().contains(available.processor()), choice.reason());
      }
      case Missing missing -> {
        assertEquals("vector", choice.kernels().tier());
        assertTrue(choice.reason().contains(missing.reason()), choice.reason());
        assertTrue(choice.reason().contains("-bit vectors"), choice.reason());
      }
    }
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
    if (X86Kernels.availability() instanceof Missing missing) {
      assertRefused("machine", true, "there is no machine code here, since " + missing.reason());
    }
    assertRefused("machine", false, "needs Java started with --add-modules jdk.incubator.vector");
    assertRefused("vector", false, "needs Java started with --add-modules jdk.incubator.vector");
    assertRefused("sse", true, "there are machine, vector and scalar kernels");
  }

  private static void assertRefused(String setting, boolean hasVectorModule, String message) {
    var refusal =
        assertThrows(
            KernelsUnavailableException.class,
            () -> KernelProvider.choose(setting, hasVectorModule));
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
