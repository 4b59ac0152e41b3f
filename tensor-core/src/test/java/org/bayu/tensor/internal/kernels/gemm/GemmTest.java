package org.bayu.tensor.internal.kernels.gemm;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.nio.channels.FileChannel.MapMode.READ_WRITE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SPARSE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.bayu.tensor.BFloat16;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.GuardedMemory;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.machine.MachineKernels;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GemmTest {
  private static final DType[] FLOATS = {DType.F32, DType.BF16, DType.F16};
  private static final int[] SIZES = {0, 1, 2, 3, 4, 5, 13, 16, 24, 25, 63, 65, 121, 207, 260};

  /** Beyond a block of k of any kernels. */
  private static final int LONG_K = 1091;

  private final Arena arena = Arena.ofShared();
  private final Random random = new Random(7);

  @AfterEach
  void free() {
    arena.close();
  }

  static List<Kernels> kernels() {
    return TestTiers.all();
  }

  /** A matrix [rows, columns] in its own memory, any order of strides, any alignment. */
  private record Placed(GuardedMemory memory, Matrix matrix) {
    float get(int i, int j) {
      return memory.get(i * matrix.rowStride() + j * matrix.columnStride());
    }

    double[] rowMajor(int rows, int columns, DType operands) {
      var values = new double[rows * columns];
      for (var i = 0; i < values.length; i++) {
        var value = get(i / columns, i % columns);
        values[i] = operands == DType.BF16 ? BFloat16.round(value) : value;
      }
      return values;
    }
  }

  private Placed place(DType type, int rows, int columns) {
    var transposed = random.nextInt(3) == 0;
    var gap = random.nextInt(2) * random.nextInt(5);
    // One time in six no stride is 1.
    var inner = random.nextInt(6) == 0 ? 2 : 1;
    var outer = (transposed ? rows : columns) * inner + gap;
    var elements = (transposed ? columns : rows) * outer;
    var memory = GuardedMemory.random(arena, type, elements, random.nextInt(64), random);
    var matrix =
        transposed
            ? new Matrix(memory.segment(), memory.at(), type, inner, outer)
            : new Matrix(memory.segment(), memory.at(), type, outer, inner);
    return new Placed(memory, matrix);
  }

  private static double halfUlp(DType type, double value) {
    return switch (type) {
      case F32 -> Math.abs(value) * 0x1p-24;
      case BF16 -> Math.abs(value) * 0x1p-8;
      case F16 -> Math.abs(value) * 0x1p-11 + 0x1p-25;
      case I32, U8 -> throw new AssertionError();
    };
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void productsOfAllTypesStridesAndTermsMatchDoublePrecision(Kernels kernels) {
    try (var workers = new WorkerPool(2)) {
      var gemm = new Gemm(kernels, workers);
      for (var round = 0; round < 40; round++) {
        checkRandomProduct(gemm, round);
      }
    }
  }

  private void checkRandomProduct(Gemm gemm, int round) {
    var m = size();
    var n = size();
    var operands = random.nextBoolean() ? DType.F32 : DType.BF16;
    var alpha = random.nextBoolean() ? 1 : -0.375f;
    var accumulate = random.nextBoolean();
    var terms = new Term[1 + random.nextInt(3)];
    var sum = new double[m * n];
    var magnitude = new double[m * n];
    var steps = 0;
    for (var t = 0; t < terms.length; t++) {
      var k = random.nextInt(12) == 0 ? LONG_K : size();
      var a = place(FLOATS[random.nextInt(3)], m, k);
      var b = place(FLOATS[random.nextInt(3)], k, n);
      terms[t] = new Term(a.matrix, b.matrix, k);
      addProduct(m, n, k, a.rowMajor(m, k, operands), b.rowMajor(k, n, operands), sum, magnitude);
      steps += k;
    }
    var c = place(FLOATS[random.nextInt(3)], m, n);
    var before = new Placed(c.memory.copy(arena, 0), c.matrix);

    gemm.multiply(m, n, operands, alpha, accumulate, c.matrix, terms);

    c.memory.assertIntact();
    // Each of at most 512 steps of a block, each sum of blocks, alpha and the addition to C may err
    // by 2⁻²⁴ of what it adds up, at most |alpha|·Σ|a·b| + |C|; then comes the rounding to C's
    // type.
    var roundings = Math.min(steps, 512) + steps / 512 + 3;
    for (var i = 0; i < m; i++) {
      for (var j = 0; j < n; j++) {
        var start = accumulate ? before.get(i, j) : 0;
        var expected = start + alpha * sum[i * n + j];
        var bound =
            roundings * 0x1p-24 * (Math.abs(alpha) * magnitude[i * n + j] + Math.abs(start))
                + 1.01 * halfUlp(c.matrix.dtype(), expected);
        if (!(Math.abs(c.get(i, j) - expected) <= bound)) {
          fail(
              String.format(
                  Locale.ROOT,
                  "round %d: element %d, %d of %d×%d is %s, not %s: %s",
                  round,
                  i,
                  j,
                  m,
                  n,
                  c.get(i, j),
                  expected,
                  Arrays.toString(terms)));
        }
      }
    }
    // What lies between the rows of C stays as it was.
    for (var i = 0; i < c.memory.elements(); i++) {
      if (!isElement(c.matrix, m, n, i) && before.memory.get(i) != c.memory.get(i)) {
        fail(
            String.format(
                Locale.ROOT, "round %d: element %d of C's memory changed: %s", round, i, c.matrix));
      }
    }
  }

  private static void addProduct(
      int m, int n, int k, double[] a, double[] b, double[] sum, double[] magnitude) {
    for (var i = 0; i < m; i++) {
      for (var l = 0; l < k; l++) {
        for (var j = 0; j < n; j++) {
          var product = a[i * k + l] * b[l * n + j];
          sum[i * n + j] += product;
          magnitude[i * n + j] += Math.abs(product);
        }
      }
    }
  }

  private int size() {
    return SIZES[random.nextInt(SIZES.length)];
  }

  private static boolean isElement(Matrix c, int m, int n, int index) {
    var outer = Math.max(c.rowStride(), c.columnStride());
    var inner = Math.min(c.rowStride(), c.columnStride());
    var innerCount = c.rowStride() > c.columnStride() ? n : m;
    return index % outer % inner == 0 && index % outer / inner < innerCount;
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aBiasIsAProductWithAColumnOfOnes(Kernels kernels) {
    try (var workers = new WorkerPool(1)) {
      var bias = GuardedMemory.random(arena, DType.F32, 50, 4, random);
      var one = GuardedMemory.allocate(arena, DType.F32, 1, 0);
      one.set(0, 1);
      var c = GuardedMemory.allocate(arena, DType.F32, 7 * 50, 0);
      new Gemm(kernels, workers)
          .multiply(
              7,
              50,
              DType.F32,
              1,
              false,
              new Matrix(c.segment(), c.at(), DType.F32, 50, 1),
              new Term(
                  new Matrix(one.segment(), one.at(), DType.F32, 0, 0),
                  new Matrix(bias.segment(), bias.at(), DType.F32, 0, 1),
                  1));
      for (var i = 0; i < 7; i++) {
        assertArrayEquals(bias.toFloats(), Arrays.copyOfRange(c.toFloats(), i * 50, i * 50 + 50));
      }
    }
  }

  /** Y = X·Wᵀ with X [m, 600] and W [n, 600] on some threads; row i of X is row i mod 300. */
  private float[] linear(
      Kernels kernels, int threads, GuardedMemory x, GuardedMemory w, int firstRow, int m, int n) {
    var y = GuardedMemory.allocate(arena, DType.F32, m * n, 0);
    try (var workers = new WorkerPool(threads)) {
      new Gemm(kernels, workers)
          .multiply(
              m,
              n,
              DType.F32,
              1,
              false,
              new Matrix(y.segment(), y.at(), DType.F32, n, 1),
              new Term(
                  new Matrix(x.segment(), x.at() + 4L * 600 * firstRow, DType.F32, 600, 1),
                  new Matrix(w.segment(), w.at(), DType.F32, 1, 600),
                  600));
    }
    return y.toFloats();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void theBitsOfARowDependOnThatRowAlone(Kernels kernels) {
    var n = 67;
    var x = GuardedMemory.random(arena, DType.F32, 300 * 600, 0, random);
    var w = GuardedMemory.random(arena, DType.F32, n * 600, 0, random);
    var all = linear(kernels, 1, x, w, 0, 300, n);
    var few = linear(kernels, 1, x, w, 284, 16, n);
    // Of few rows, up to 64 on some processors, machine code sums in another order.
    var ofFewRows =
        kernels instanceof MachineKernels ? few : Arrays.copyOfRange(all, 284 * n, 300 * n);
    for (var m : new int[] {1, 2, 7, 16}) {
      var some = linear(kernels, 1, x, w, 300 - m, m, n);
      assertArrayEquals(Arrays.copyOfRange(ofFewRows, (16 - m) * n, 16 * n), some, "rows: " + m);
    }
    for (var m : new int[] {65, 100, 121, 211}) {
      var first = 300 - m;
      var some = linear(kernels, 1, x, w, first, m, n);
      assertArrayEquals(Arrays.copyOfRange(all, first * n, 300 * n), some, "rows: " + m);
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void anyNumberOfThreadsGivesTheSameBits(Kernels kernels) {
    var n = 231;
    var x = GuardedMemory.random(arena, DType.F32, 300 * 600, 0, random);
    var w = GuardedMemory.random(arena, DType.F32, n * 600, 0, random);
    for (var m : new int[] {3, 300}) {
      var one = linear(kernels, 1, x, w, 0, m, n);
      for (var threads : new int[] {2, 3, 16}) {
        assertArrayEquals(one, linear(kernels, threads, x, w, 0, m, n), "threads: " + threads);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("machineKernels")
  void aLongKInSlicesGivesTheBitsOfFewerRows(Kernels kernels) {
    // Of 1300 rows more than half of k is packed at a time at most, of 100 rows all of it.
    var m = 1300;
    var n = 70;
    var k = 9001;
    var x = GuardedMemory.random(arena, DType.BF16, m * k, 0, random);
    var w = GuardedMemory.random(arena, DType.BF16, n * k, 0, random);
    var all = bfloat16Product(kernels, 1, x, w, 0, m, n, k);
    assertArrayEquals(all, bfloat16Product(kernels, 2, x, w, 0, m, n, k));
    var few = bfloat16Product(kernels, 1, x, w, m - 100, 100, n, k);
    assertArrayEquals(few, Arrays.copyOfRange(all, (m - 100) * n, m * n));
  }

  static List<Kernels> machineKernels() {
    return kernels().stream().filter(MachineKernels.class::isInstance).toList();
  }

  private float[] bfloat16Product(
      Kernels kernels,
      int threads,
      GuardedMemory x,
      GuardedMemory w,
      int firstRow,
      int m,
      int n,
      int k) {
    var y = GuardedMemory.allocate(arena, DType.BF16, m * n, 0);
    var rows = new Matrix(x.segment(), x.at() + 2L * k * firstRow, DType.BF16, k, 1);
    try (var workers = new WorkerPool(threads)) {
      new Gemm(kernels, workers)
          .multiply(
              m,
              n,
              DType.BF16,
              1,
              false,
              new Matrix(y.segment(), y.at(), DType.BF16, n, 1),
              new Term(rows, new Matrix(w.segment(), w.at(), DType.BF16, 1, k), k));
    }
    y.assertIntact();
    return y.toFloats();
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void manyColumnsInTasksOfSeveralHeightsGiveTheBitsOfFew(Kernels kernels) {
    // With 1100 columns some of the last go in tasks of fewer rows than the others.
    var m = 300;
    var n = 1100;
    var x = GuardedMemory.random(arena, DType.F32, m * 600, 0, random);
    var w = GuardedMemory.random(arena, DType.F32, n * 600, 0, random);
    var all = linear(kernels, 1, x, w, 0, m, n);
    assertArrayEquals(all, linear(kernels, 3, x, w, 0, m, n));
    var last = 200;
    var from = w.at() + 4L * 600 * (n - last);
    var end = new GuardedMemory(w.segment(), from, DType.F32, last * 600);
    var few = linear(kernels, 1, x, end, 0, m, last);
    for (var i = 0; i < m; i++) {
      assertArrayEquals(
          Arrays.copyOfRange(few, i * last, (i + 1) * last),
          Arrays.copyOfRange(all, (i + 1) * n - last, (i + 1) * n));
    }
  }

  @Test
  void bothOrientationsAndPackedStridesGiveTheSameBits() {
    // Y [200, 5] is computed as its transpose; with 200 rows more of W it is not.
    var x = GuardedMemory.random(arena, DType.F32, 200 * 600, 0, random);
    var w = GuardedMemory.random(arena, DType.F32, 205 * 600, 0, random);
    var narrow = linear(VectorKernels.INSTANCE, 1, x, w, 0, 200, 5);
    var wide = linear(VectorKernels.INSTANCE, 1, x, w, 0, 200, 205);
    for (var i = 0; i < 200; i++) {
      assertArrayEquals(
          Arrays.copyOfRange(narrow, i * 5, i * 5 + 5),
          Arrays.copyOfRange(wide, i * 205, i * 205 + 5));
    }
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void aNaNAndAnInfinityReachTheirRowsAndNoOther(Kernels kernels) {
    var n = 30;
    var x = GuardedMemory.random(arena, DType.F32, 300 * 600, 0, random);
    var w = GuardedMemory.random(arena, DType.F32, n * 600, 0, random);
    x.set(5 * 600 + 599, Float.NaN);
    x.set(6 * 600, Float.POSITIVE_INFINITY);
    w.set(2 * 600, 0);
    for (var m : new int[] {9, 300}) {
      var y = linear(kernels, 1, x, w, 0, m, n);
      for (var i = 0; i < m * n; i++) {
        if (i / n == 5 || i == 6 * n + 2) { // ∞ · 0 is NaN as well
          assertTrue(Float.isNaN(y[i]));
        } else if (i / n == 6) {
          assertTrue(Float.isInfinite(y[i]));
        } else {
          assertTrue(Float.isFinite(y[i]));
        }
      }
    }
  }

  @Test
  void aProductInsideATaskHasTheSameBits() {
    var x = GuardedMemory.random(arena, DType.F32, 300 * 600, 0, random);
    var w = GuardedMemory.random(arena, DType.F32, 67 * 600, 0, random);
    var expected = linear(VectorKernels.INSTANCE, 1, x, w, 0, 300, 67);
    try (var workers = new WorkerPool(3)) {
      var gemm = new Gemm(VectorKernels.INSTANCE, workers);
      var y = arena.allocate(4L * 6 * 300 * 67);
      workers.run(
          6,
          (index, worker) ->
              gemm.multiply(
                  300,
                  67,
                  DType.F32,
                  1,
                  false,
                  new Matrix(y, 4L * index * 300 * 67, DType.F32, 67, 1),
                  new Term(
                      new Matrix(x.segment(), x.at(), DType.F32, 600, 1),
                      new Matrix(w.segment(), w.at(), DType.F32, 1, 600),
                      600)));
      for (var index = 0; index < 6; index++) {
        assertArrayEquals(
            expected, y.asSlice(4L * index * 300 * 67, 4L * 300 * 67).toArray(JAVA_FLOAT));
      }
    }
  }

  @Test
  void rowsMoreThanTwoGibibytesApartAreFound(@TempDir Path folder) throws IOException {
    var stride = 600_000_000L; // elements of 4 bytes
    var rows = 3;
    var k = 40;
    var file = folder.resolve("sparse");
    try (var channel = FileChannel.open(file, CREATE_NEW, READ, WRITE, SPARSE);
        var workers = new WorkerPool(1)) {
      var mapped = channel.map(READ_WRITE, 0, 4 * (rows * stride + 100), arena);
      var gemm = new Gemm(VectorKernels.INSTANCE, workers);
      for (var i = 0; i < rows; i++) {
        for (var l = 0; l < k; l++) {
          mapped.setAtIndex(JAVA_FLOAT, i * stride + l, i + l);
        }
      }
      var a = new Matrix(mapped, 0, DType.F32, stride, 1);
      var c = new Matrix(mapped, 4 * 50, DType.F32, stride, 1);
      gemm.multiply(rows, rows, DType.F32, 1, false, c, new Term(a, a.transposed(), k));
      for (var i = 0; i < rows; i++) {
        for (var j = 0; j < rows; j++) {
          var expected = 0.0; // small integers: exact
          for (var l = 0; l < k; l++) {
            expected += (i + l) * (j + l);
          }
          assertEquals(expected, mapped.getAtIndex(JAVA_FLOAT, i * stride + 50 + j));
        }
      }
    }
  }

  @Test
  void integersAreRefused() {
    try (var workers = new WorkerPool(1)) {
      var c = GuardedMemory.allocate(arena, DType.I32, 1, 0);
      var matrix = new Matrix(c.segment(), c.at(), DType.I32, 1, 1);
      assertThrows(
          IllegalArgumentException.class,
          () ->
              new Gemm(VectorKernels.INSTANCE, workers)
                  .multiply(1, 1, DType.F32, 1, false, matrix, new Term(matrix, matrix, 1)));
    }
  }
}
