package org.bayu.tensor.internal.kernels.machine.x86;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.GuardedMemory;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.api.Test;

/** The form of the products' inner loop changes their time alone. */
class TileFormTest {
  private static final List<TileForm> FORMS = TileForm.AVX512;
  private static final DType[] TYPES = {DType.F32, DType.BF16, DType.F16};
  private static final int[] ROWS = {1, 5, 6, 7, 17, 48, 97, 112, 113, 337, 1009};
  private static final int[] COLUMNS = {1, 15, 16, 48, 63, 64, 65, 129};
  private static final int[] STEPS = {1, 2, 31, 64, 513, 1024, 1027, 2050};

  private final long seed = System.nanoTime();
  private final Random random = new Random(seed);

  @Test
  void productsHaveTheSameBitsWithEachForm() {
    var sets = TestTiers.machineByInstructions().stream().filter(set -> set.size() > 1).toList();
    assumeTrue(!sets.isEmpty(), "the processor has no instructions with several forms of tile");
    try (var workers = new WorkerPool(2)) {
      for (var set : sets) {
        for (var round = 0; round < 25; round++) {
          compare(set, workers, round);
        }
      }
    }
  }

  private void compare(List<Kernels> forms, WorkerPool workers, int round) {
    try (var arena = Arena.ofShared()) {
      var m = pick(ROWS);
      var n = pick(COLUMNS);
      var operands = random.nextBoolean() ? DType.F32 : DType.BF16;
      var terms = new Term[1 + random.nextInt(2)];
      for (var i = 0; i < terms.length; i++) {
        var k = pick(STEPS);
        terms[i] = new Term(matrix(arena, m, k), matrix(arena, k, n), k);
      }
      var alpha = random.nextInt(3) == 0 ? 0.5f : 1;
      var accumulate = random.nextInt(3) == 0;
      var type = TYPES[random.nextInt(3)];
      var start = GuardedMemory.random(arena, type, m * n, 0, random);
      var isTransposed = random.nextInt(4) == 0;
      var results =
          forms.stream()
              .map(
                  kernels -> {
                    var c = start.copy(arena, 0);
                    var matrix =
                        isTransposed
                            ? new Matrix(c.segment(), c.at(), type, 1, m)
                            : new Matrix(c.segment(), c.at(), type, n, 1);
                    var gemm = new Gemm(kernels, workers);
                    gemm.multiply(m, n, operands, alpha, accumulate, matrix, terms);
                    c.assertIntact();
                    return c;
                  })
              .toList();
      var first = results.getFirst();
      for (var other : results) {
        var differsAt =
            first
                .segment()
                .asSlice(first.at(), (long) type.bytes() * m * n)
                .mismatch(other.segment().asSlice(other.at(), (long) type.bytes() * m * n));
        assertEquals(
            -1,
            differsAt,
            () ->
                "%s, seed %s, round %s: [%s, %s] of %s %s"
                    .formatted(forms, seed, round, m, n, operands, List.of(terms)));
      }
    }
  }

  private int pick(int[] sizes) {
    return sizes[random.nextInt(sizes.length)];
  }

  private Matrix matrix(Arena arena, int rows, int columns) {
    var type = TYPES[random.nextInt(3)];
    var at = type.bytes() * random.nextInt(8);
    var memory = GuardedMemory.random(arena, type, rows * columns, at, random);
    return random.nextBoolean()
        ? new Matrix(memory.segment(), memory.at(), type, columns, 1)
        : new Matrix(memory.segment(), memory.at(), type, 1, rows);
  }

  @Test
  void anotherFormThanTheFirstMustBeClearlyFaster() {
    assertEquals(FORMS.get(0), TileChoice.fastest(FORMS, new double[] {100, 104}).form());
    var choice = TileChoice.fastest(FORMS, new double[] {338, 433});
    assertEquals(FORMS.get(1), choice.form());
    assertEquals(
        "6×64, A broadcast first (in a trial at start-up 338 GFLOP/s with 7x64; 433 GFLOP/s with"
            + " 6x64)",
        choice.toString());
  }

  @Test
  void theFormThatIsAskedForIsTakenIfThereIsOne() throws CodeRefusedException {
    var convention = CallingConvention.ofThisSystem();
    for (var form : FORMS) {
      var choice = TileChoice.of(convention, InstructionSet.AVX512, form.name());
      assertEquals(Optional.of(form), choice.map(TileChoice::form));
    }
    assertEquals(Optional.empty(), TileChoice.of(convention, InstructionSet.AVX512, "8x8"));
    var only = TileChoice.of(convention, InstructionSet.AVX2, null);
    assertEquals(Optional.of(TileForm.AVX2.getFirst()), only.map(TileChoice::form));
  }

  @Test
  void theTrialMeasuresEachForm() throws CodeRefusedException {
    for (var set : TestTiers.machineByInstructions()) {
      if (set.size() > 1) {
        assertNotEquals(set.get(0).microKernel(), set.get(1).microKernel());
      }
    }
    var instructions = InstructionSet.AVX512;
    assumeTrue(TestTiers.has(instructions), "the processor has no " + instructions.title());
    for (var rate : TileTrial.gflops(CallingConvention.ofThisSystem(), instructions)) {
      assertTrue(rate > 0.1 && rate < 10_000, rate + " GFLOP/s");
    }
  }
}
