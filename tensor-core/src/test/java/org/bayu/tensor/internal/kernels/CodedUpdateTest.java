package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.StateKernels.CodedMoments;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every tier's update of moments in codes has the bits of the plain loops. */
class CodedUpdateTest {
  private static final int[] SIZES = {1, 255, 256, 257, 1024, 2061};

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @ParameterizedTest
  @MethodSource("org.bayu.tensor.internal.kernels.StateKernelsTest#tiers")
  void updatesHaveTheBitsOfThePlainLoops(StateKernels kernels) {
    var scalars = new AdamWScalars(0.5f, 0.9f, 0.999f, 1e-8f, 1e-3f, 0.1f, 1.5f, 2.5f);
    for (var n : SIZES) {
      for (var kind = 0; kind < 3; kind++) {
        try (var arena = Arena.ofConfined()) {
          var update = new Update(arena, n);
          update.fill(random);
          if (kind == 1) {
            StateKernelsTest.addSpecial(update.gradient, random);
          } else if (kind == 2) {
            fillZeros(update.gradient);
            fillZeros(update.mAbsmax);
            fillZeros(update.vAbsmax);
          }
          update.check(kernels, scalars, "seed " + seed + ", " + n + " elements");
        }
      }
    }
  }

  private static void fillZeros(GuardedMemory memory) {
    var bytes = (long) memory.elements() * memory.dtype().bytes();
    memory.segment().asSlice(memory.at(), bytes).fill((byte) 0);
  }

  /** Numbers at the bounds of all codes, their neighbours, and a number of each exponent. */
  private static float[] nearBounds(DynamicCode code) {
    var numbers = new TreeSet<Float>();
    for (var bound : code.bounds()) {
      numbers.add(bound);
    }
    for (var exponent = -149; exponent <= 0; exponent++) {
      numbers.add(Math.scalb(1f, exponent));
      numbers.add(code.signed() ? -Math.scalb(1f, exponent) : 0);
    }
    for (var each : List.copyOf(numbers)) {
      numbers.add(Math.nextUp(each));
      numbers.add(Math.nextDown(each));
    }
    numbers.removeIf(each -> Math.abs(each) > 1 || (!code.signed() && each < 0));
    var array = new float[numbers.size()];
    var i = 0;
    for (var each : numbers) {
      array[i++] = each;
    }
    return array;
  }

  /** The first moment of a block is its gradients, of which one is 1. */
  @ParameterizedTest
  @MethodSource("org.bayu.tensor.internal.kernels.StateKernelsTest#tiers")
  void firstMomentsAtBoundsGetTheSameCodes(StateKernels kernels) {
    var numbers = nearBounds(DynamicCode.SIGNED);
    var scalars = new AdamWScalars(1, 0, 0.5f, 1e-8f, 0, 0, 1, 1);
    var block = DynamicCode.BLOCK;
    try (var arena = Arena.ofConfined()) {
      var update = new Update(arena, (numbers.length / (block - 1) + 1) * block);
      update.fill(random);
      for (var i = 0; i < numbers.length; i++) {
        update.gradient.set(i / (block - 1) * block + i % (block - 1), numbers[i]);
      }
      for (var i = block - 1; i < update.gradient.elements(); i += block) {
        update.gradient.set(i, 1);
      }
      update.check(kernels, scalars, "at bounds");
    }
  }

  /**
   * A block has the number twice, as its absmax was four times the number, and one element whose
   * gradient of 2 makes a second moment of 2.
   */
  @ParameterizedTest
  @MethodSource("org.bayu.tensor.internal.kernels.StateKernelsTest#tiers")
  void secondMomentsAtBoundsGetTheSameCodes(StateKernels kernels) {
    var numbers = nearBounds(DynamicCode.UNSIGNED);
    var scalars = new AdamWScalars(1, 0.5f, 0.5f, 1e-8f, 0, 0, 1, 1);
    var block = DynamicCode.BLOCK;
    try (var arena = Arena.ofConfined()) {
      var update = new Update(arena, numbers.length * block);
      fillZeros(update.gradient);
      fillZeros(update.v);
      for (var i = 0; i < numbers.length; i++) {
        var first = (long) i * block;
        update.gradient.set(first, 2);
        update.v.segment().set(JAVA_BYTE, update.v.at() + first + 1, (byte) 255);
        update.v.segment().set(JAVA_BYTE, update.v.at() + first + 200, (byte) 255);
        update.vAbsmax.set(i, 4 * numbers[i]);
      }
      update.check(kernels, scalars, "at bounds");
    }
  }

  /** What an update of n elements reads and writes. */
  private static final class Update {
    final Arena arena;
    final int n;
    final GuardedMemory parameter;
    final GuardedMemory gradient;
    final GuardedMemory m;
    final GuardedMemory mAbsmax;
    final GuardedMemory v;
    final GuardedMemory vAbsmax;

    Update(Arena arena, int n) {
      this.arena = arena;
      this.n = n;
      var blocks = (int) DynamicCode.blocks(n);
      parameter = GuardedMemory.allocate(arena, DType.F32, n, 4);
      gradient = GuardedMemory.allocate(arena, DType.F32, n, 0);
      // Codes are counted from their memory's beginning.
      m = GuardedMemory.allocate(arena, DType.U8, n, 0);
      mAbsmax = GuardedMemory.allocate(arena, DType.F32, blocks, 4);
      v = GuardedMemory.allocate(arena, DType.U8, n, 0);
      vAbsmax = GuardedMemory.allocate(arena, DType.F32, blocks, 0);
    }

    void fill(Random random) {
      for (var i = 0; i < n; i++) {
        parameter.set(i, (float) random.nextGaussian());
        gradient.set(i, (float) (random.nextGaussian() * Math.pow(10, -7 * random.nextDouble())));
        m.segment().set(JAVA_BYTE, m.at() + i, (byte) random.nextInt());
        v.segment().set(JAVA_BYTE, v.at() + i, (byte) random.nextInt());
      }
      for (var i = 0; i < mAbsmax.elements(); i++) {
        mAbsmax.set(i, random.nextFloat());
        vAbsmax.set(i, random.nextFloat());
      }
    }

    /** The same numbers in other memory. */
    Update copy() {
      var copy = new Update(arena, n);
      for (var i = 0; i < parts().size(); i++) {
        var from = parts().get(i);
        var bytes = (long) from.elements() * from.dtype().bytes();
        var to = copy.parts().get(i);
        MemorySegment.copy(from.segment(), from.at(), to.segment(), to.at(), bytes);
      }
      return copy;
    }

    List<GuardedMemory> parts() {
      return List.of(parameter, gradient, m, mAbsmax, v, vAbsmax);
    }

    void run(StateKernels kernels, AdamWScalars scalars) {
      kernels.adamW(
          ScalarKernels.INSTANCE,
          parameter.segment(),
          parameter.at(),
          gradient.segment(),
          gradient.at(),
          new CodedMoments(tail(m), tail(mAbsmax), tail(v), tail(vAbsmax)),
          0,
          n,
          scalars,
          arena.allocate(8L * n + 64, 64),
          0);
    }

    private static MemorySegment tail(GuardedMemory memory) {
      return memory.segment().asSlice(memory.at());
    }

    void check(StateKernels kernels, AdamWScalars scalars, String what) {
      var plain = copy();
      plain.run(StateKernels.SCALAR, scalars);
      run(kernels, scalars);
      for (var each : parts()) {
        each.assertIntact();
      }
      // Which NaN it is, is not said.
      assertArrayEquals(plain.parameter.toFloats(), parameter.toFloats(), what);
      assertArrayEquals(
          StateKernelsTest.bytes(plain.mAbsmax), StateKernelsTest.bytes(mAbsmax), what);
      assertArrayEquals(
          StateKernelsTest.bytes(plain.vAbsmax), StateKernelsTest.bytes(vAbsmax), what);
      assertArrayEquals(StateKernelsTest.bytes(plain.m), StateKernelsTest.bytes(m), what);
      assertArrayEquals(StateKernelsTest.bytes(plain.v), StateKernelsTest.bytes(v), what);
    }
  }
}
