package org.bayu.tensor.internal.kernels.machine.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class CpuFeaturesTest {
  private static final int OSXSAVE = 1 << 27, AVX = 1 << 28, F16C = 1 << 29, FMA = 1 << 12;
  private static final int AVX2 = 1 << 5;
  private static final int F = 1 << 16, DQ = 1 << 17, BW = 1 << 30, VL = 1 << 31;
  private static final int VBMI = 1 << 1, BF16 = 1 << 5;
  private static final int YMM = 0b111, ZMM = 0b1110_0111;

  /** A made-up processor; what it is not given is zero. */
  private static final class FakeCpu implements Cpuid {
    private final Map<Long, Leaf> leaves = new HashMap<>();
    private final long xcr0;

    FakeCpu(long xcr0) {
      this.xcr0 = xcr0;
    }

    FakeCpu with(int leaf, int subleaf, int eax, int ebx, int ecx, int edx) {
      leaves.put((long) leaf << 32 | subleaf, new Leaf(eax, ebx, ecx, edx));
      return this;
    }

    @Override
    public Leaf leaf(int leaf, int subleaf) {
      return leaves.getOrDefault((long) leaf << 32 | subleaf, new Leaf(0, 0, 0, 0));
    }

    @Override
    public long xcr0() {
      if ((leaf(1, 0).ecx() & OSXSAVE) == 0) {
        fail("xgetbv is an illegal instruction here");
      }
      return xcr0;
    }
  }

  private static FakeCpu zen4(long xcr0) {
    return new FakeCpu(xcr0)
        .with(0, 0, 16, word("Auth"), word("cAMD"), word("enti"))
        .with(1, 0, 0, 0, OSXSAVE | AVX | F16C | FMA, 0)
        .with(7, 0, 1, AVX2 | F | DQ | BW | VL, VBMI, 0)
        .with(7, 1, BF16, 0, 0, 0)
        .with(0x80000000, 0, 0x80000004, 0, 0, 0)
        .with(0x80000002, 0, word("AMD "), word("EPYC"), word(" 900"), word("0   "))
        .with(0x80000003, 0, word("    "), word(" \0\0\0"), 0, 0);
  }

  private static int word(String text) {
    var bytes = text.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }

  @Test
  void everythingIsThereWhereProcessorAndSystemHaveIt() {
    assertEquals(
        new CpuFeatures(
            "AuthenticAMD", "AMD EPYC 9000", true, true, true, true, true, true, true, true, true),
        CpuFeatures.of(zen4(ZMM)));
  }

  @Test
  void avx512IsNotThereWhereTheSystemDoesNotKeepItsRegisters() {
    for (var state : Set.of(YMM, YMM | 0x20, YMM | 0x40, YMM | 0x80, YMM | 0xC0)) {
      var features = CpuFeatures.of(zen4(state));
      assertTrue(features.avx2() && features.fma() && features.f16c());
      assertFalse(features.avx512f() || features.avx512bw() || features.avx512dq());
      assertFalse(features.avx512vl() || features.avx512vbmi());
      assertFalse(features.avx512bf16());
    }
  }

  @Test
  void nothingIsThereWhereTheSystemKeepsOnlySseRegisters() {
    for (var state : Set.of(0b001, 0b011, 0b101, 0b1110_0011)) {
      var features = CpuFeatures.of(zen4(state));
      assertFalse(features.avx2() || features.fma() || features.f16c() || features.avx512f());
    }
  }

  @Test
  void xgetbvIsNotAskedWithoutOsxsave() {
    var cpu = zen4(ZMM).with(1, 0, 0, 0, AVX | F16C | FMA, 0);
    assertFalse(CpuFeatures.of(cpu).avx2());
  }

  @Test
  void aProcessorWithAvx2OnlyHasNoAvx512() {
    var cpu = zen4(YMM).with(7, 0, 0, AVX2, 0, 0);
    var features = CpuFeatures.of(cpu);
    assertTrue(features.avx2() && features.fma());
    assertFalse(features.avx512f() || features.avx512bf16());
  }

  @Test
  void leavesThatTheProcessorDoesNotHaveAreNotRead() {
    // A leaf past the last answers with whatever the last one has.
    var noSubleaf = zen4(ZMM).with(7, 0, 0, AVX2 | F | DQ | BW | VL, 0, 0);
    assertFalse(CpuFeatures.of(noSubleaf).avx512bf16());
    assertTrue(CpuFeatures.of(noSubleaf).avx512vl());
    var old = zen4(ZMM).with(0, 0, 6, word("Genu"), word("ntel"), word("ineI"));
    assertEquals("GenuineIntel", CpuFeatures.of(old).vendor());
    assertFalse(CpuFeatures.of(old).avx2());
    var nameless = zen4(ZMM).with(0x80000000, 0, 7, 0, 0, 0);
    assertEquals("", CpuFeatures.of(nameless).brand());
  }

  /**
   * Features alone: a virtual machine may give the processor other names than the system shows, and
   * an old kernel does not know the names of new features.
   */
  @Test
  @EnabledOnOs(
      value = OS.LINUX,
      architectures = {"amd64", "x86_64"})
  void thisProcessorHasTheFeaturesThatLinuxSays() throws Exception {
    var flags =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("flags"))
            .findFirst();
    assumeTrue(flags.isPresent(), "/proc/cpuinfo lists no flags");
    var listed = Set.copyOf(Arrays.asList(flags.get().split(":", 2)[1].strip().split(" ")));
    var features = CpuFeatures.ofThisMachine().orElseThrow();
    assertEquals(listed.contains("avx2"), features.avx2());
    assertEquals(listed.contains("fma"), features.fma());
    assertEquals(listed.contains("f16c"), features.f16c());
    assertEquals(listed.contains("avx512f"), features.avx512f());
    assertEquals(listed.contains("avx512bw"), features.avx512bw());
    assertEquals(listed.contains("avx512dq"), features.avx512dq());
    assertEquals(listed.contains("avx512vl"), features.avx512vl());
    assertTrue(features.avx512vbmi() || !listed.contains("avx512vbmi"));
    assertTrue(features.avx512bf16() || !listed.contains("avx512_bf16"));
  }
}
