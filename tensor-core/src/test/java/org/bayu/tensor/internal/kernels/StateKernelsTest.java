package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every tier's loops over an optimizer's state have the bits of the plain ones. */
class StateKernelsTest {
  private static final int[] SIZES = {1, 7, 8, 13, 32, 45, 255, 256, 257, 1024, 2061};

  private static final int[] SPECIAL = {
    0, 1, 0x007F_FFFF, 0x0080_0000, 0x3F80_0000, 0x7F7F_FFFF, 0x7F80_0000, 0x7F80_0001, 0x7FFF_FFFF
  };

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  static List<StateKernels> tiers() {
    return TestTiers.all().stream().map(Kernels::state).toList();
  }

  /** Numbers of all sizes. */
  private GuardedMemory numbers(Arena arena, int n, boolean signed) {
    var memory = GuardedMemory.random(arena, DType.F32, n, random.nextInt(8), random);
    for (var i = 0; i < n; i++) {
      var x = memory.get(i) * (float) Math.pow(10, -9 * random.nextDouble());
      memory.set(i, signed ? x : Math.abs(x));
    }
    return memory;
  }

  /** Puts numbers of unusual bits among the others. */
  private void addSpecial(GuardedMemory memory) {
    addSpecial(memory, random);
  }

  /** The same. */
  static void addSpecial(GuardedMemory memory, Random random) {
    for (var each : SPECIAL) {
      var bits = random.nextBoolean() ? each : each | 1 << 31;
      var at = memory.at() + 4L * random.nextInt(memory.elements());
      memory.segment().set(JAVA_INT_UNALIGNED, at, bits);
    }
  }

  static byte[] bytes(GuardedMemory memory) {
    memory.assertIntact();
    var bytes = (long) memory.elements() * memory.dtype().bytes();
    return memory.segment().asSlice(memory.at(), bytes).toArray(JAVA_BYTE);
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void momentsHaveTheSameCodes(StateKernels kernels) {
    for (var code : List.of(DynamicCode.SIGNED, DynamicCode.UNSIGNED)) {
      for (var n : SIZES) {
        for (var kind = 0; kind < 3; kind++) {
          try (var arena = Arena.ofConfined()) {
            var src = numbers(arena, n, code.signed());
            if (kind == 1) {
              addSpecial(src);
            } else if (kind == 2) {
              src.segment().asSlice(src.at(), 4L * n).fill((byte) 0);
            }
            checkMoments(arena, kernels, code, src);
          }
        }
      }
    }
  }

  private void checkMoments(
      Arena arena, StateKernels kernels, DynamicCode code, GuardedMemory src) {
    var n = src.elements();
    var what = "seed " + seed + ", " + n + " elements";
    var blocks = (int) DynamicCode.blocks(n);
    var codes = GuardedMemory.allocate(arena, DType.U8, n, 3);
    var absmax = GuardedMemory.allocate(arena, DType.F32, blocks, 4);
    var expectedCodes = codes.copy(arena, 1);
    var expectedAbsmax = absmax.copy(arena, 0);
    encode(kernels, code, src, codes, absmax);
    encode(StateKernels.SCALAR, code, src, expectedCodes, expectedAbsmax);
    assertArrayEquals(bytes(expectedAbsmax), bytes(absmax), what);
    assertArrayEquals(bytes(expectedCodes), bytes(codes), what);

    var back = GuardedMemory.allocate(arena, DType.F32, n, 4);
    var expected = back.copy(arena, 0);
    decode(kernels, code, codes, absmax, back);
    decode(StateKernels.SCALAR, code, codes, absmax, expected);
    assertArrayEquals(bytes(expected), bytes(back), what);
  }

  private static void encode(
      StateKernels kernels,
      DynamicCode code,
      GuardedMemory src,
      GuardedMemory codes,
      GuardedMemory absmax) {
    kernels.encode(
        code,
        src.segment(),
        src.at(),
        codes.segment(),
        codes.at(),
        absmax.segment(),
        absmax.at(),
        src.elements());
  }

  private static void decode(
      StateKernels kernels,
      DynamicCode code,
      GuardedMemory codes,
      GuardedMemory absmax,
      GuardedMemory dst) {
    kernels.decode(
        code,
        codes.segment(),
        codes.at(),
        absmax.segment(),
        absmax.at(),
        dst.segment(),
        dst.at(),
        dst.elements());
  }

  @ParameterizedTest
  @MethodSource("tiers")
  void numbersAreRoundedAlike(StateKernels kernels) {
    for (var n : SIZES) {
      try (var arena = Arena.ofConfined()) {
        var src = GuardedMemory.allocate(arena, DType.F32, n, 4);
        for (var i = 0; i < n; i++) {
          src.segment().set(JAVA_INT_UNALIGNED, src.at() + 4L * i, random.nextInt());
        }
        addSpecial(src);
        var key = random.nextLong();
        var first = 4 * random.nextLong(1L << 40);
        var dst = GuardedMemory.allocate(arena, DType.BF16, n, 2);
        var expected = dst.copy(arena, 6);
        narrow(kernels, src, dst, key, first);
        narrow(StateKernels.SCALAR, src, expected, key, first);
        assertArrayEquals(bytes(expected), bytes(dst), "seed " + seed + ", " + n + " elements");
      }
    }
  }

  private static void narrow(
      StateKernels kernels, GuardedMemory src, GuardedMemory dst, long key, long first) {
    kernels.narrow(src.segment(), src.at(), dst.segment(), dst.at(), src.elements(), key, first);
  }
}
