package org.bayu.tensor.internal.kernels;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * What the vector kernels make of fixed inputs, a line each: kernels whose bits depend on nothing
 * but the inputs as checksums, sums, whose order depends on the length of a vector, as bits.
 */
final class KernelDigest {
  private static final int[] SIZES = {1, 13, 64, 207};
  private static final Kernels KERNELS = VectorKernels.INSTANCE;

  private final Arena arena;
  private final Random random = new Random(5);
  private final List<String> checksums = new ArrayList<>();
  private final List<String> sums = new ArrayList<>();

  private KernelDigest(Arena arena) {
    this.arena = arena;
  }

  /** Lines that every vector length must reproduce, then lines that this one must. */
  record Lines(List<String> checksums, List<String> sums) {
    /** The lines of another JVM's {@link #main}. */
    static Lines parse(List<String> output) {
      return new Lines(
          output.stream().filter(line -> line.startsWith("checksum")).toList(),
          output.stream().filter(line -> line.startsWith("sum")).toList());
    }
  }

  public static void main(String[] args) {
    var lines = compute();
    var out = new PrintStream(System.out, true, UTF_8);
    lines.checksums.forEach(out::println);
    lines.sums.forEach(out::println);
  }

  static Lines compute() {
    var loops = loops();
    List<String> checksums = new ArrayList<>(loops.checksums);
    checksums.addAll(products().checksums);
    return new Lines(checksums, loops.sums);
  }

  /** Everything but products. */
  static Lines loops() {
    try (var arena = Arena.ofConfined()) {
      var digest = new KernelDigest(arena);
      for (var n : SIZES) {
        digest.pointwise(n);
        digest.activations(n);
        digest.adamW(n);
        digest.conversions(n);
        digest.sums(n);
      }
      return new Lines(digest.checksums, digest.sums);
    }
  }

  /** Products alone. */
  static Lines products() {
    try (var arena = Arena.ofConfined()) {
      var digest = new KernelDigest(arena);
      digest.allProducts();
      return new Lines(digest.checksums, List.of());
    }
  }

  private GuardedMemory input(DType type, int n) {
    return GuardedMemory.random(arena, type, n, random.nextInt(64), random);
  }

  private GuardedMemory input(int n) {
    return input(DType.F32, n);
  }

  private void checksum(String name, GuardedMemory... outputs) {
    var crc = new CRC32();
    for (var output : outputs) {
      var bytes = (long) output.elements() * output.dtype().bytes();
      crc.update(output.segment().asSlice(output.at(), bytes).asByteBuffer());
    }
    checksums.add("checksum " + name + " " + Long.toHexString(crc.getValue()));
  }

  private void sum(String name, double value) {
    sums.add("sum " + name + " " + Double.toHexString(value));
  }

  private void pointwise(int n) {
    var a = input(n);
    var b = input(n);
    var c = input(n);
    KERNELS.add(a.segment(), a.at(), b.segment(), b.at(), c.segment(), c.at(), n);
    checksum("add " + n, c);
    KERNELS.multiply(a.segment(), a.at(), b.segment(), b.at(), c.segment(), c.at(), n);
    checksum("multiply " + n, c);
    KERNELS.addScaled(0.3f, a.segment(), a.at(), c.segment(), c.at(), n);
    KERNELS.scale(0.7f, c.segment(), c.at(), n);
    checksum("addScaled, scale " + n, c);
    var x = input(2 * n);
    var y = input(2 * n);
    MemorySegment.copy(b.segment(), b.at(), a.segment(), a.at(), 4L * n);
    KERNELS.rotate(
        x.segment(), x.at(), a.segment(), a.segment(), a.at(), y.segment(), y.at(), n, -1);
    checksum("rotate " + n, y);
  }

  private void activations(int n) {
    var gate = input(n);
    var up = input(n);
    var dy = input(n);
    var y = input(n);
    var dGate = input(n);
    var dUp = input(n);
    KERNELS.swiGlu(gate.segment(), gate.at(), up.segment(), up.at(), y.segment(), y.at(), n);
    KERNELS.swiGluBackward(
        gate.segment(),
        gate.at(),
        up.segment(),
        up.at(),
        dy.segment(),
        dy.at(),
        dGate.segment(),
        dGate.at(),
        dUp.segment(),
        dUp.at(),
        n);
    checksum("swiGlu " + n, y, dGate, dUp);
    var x = input(n);
    for (var i = 0; i < n; i++) {
      x.set(i, 40 * x.get(i));
    }
    sum("exp " + n, KERNELS.expAndSum(0.1f, x.segment(), x.at(), n));
    checksum("exp " + n, x);
  }

  private void adamW(int n) {
    var parameter = input(n);
    var others = new ArrayList<GuardedMemory>();
    for (var i = 0; i < 3; i++) {
      others.add(input(n));
    }
    KERNELS.adamW(
        parameter.segment(),
        parameter.at(),
        others.get(0).segment(),
        others.get(0).at(),
        others.get(1).segment(),
        others.get(1).at(),
        others.get(2).segment(),
        others.get(2).at(),
        n,
        new AdamWScalars(0.9f, 0.9f, 0.95f, 1e-8f, 1e-3f, 0.1f, 10, 20));
    checksum("adamW " + n, parameter, others.get(1), others.get(2));
  }

  private void conversions(int n) {
    for (var type : List.of(DType.BF16, DType.F16)) {
      var wide = input(n);
      var narrow = input(type, n);
      KERNELS.narrow(type, wide.segment(), wide.at(), narrow.segment(), narrow.at(), n);
      KERNELS.widen(type, narrow.segment(), narrow.at(), wide.segment(), wide.at(), n);
      checksum(type + " " + n, narrow, wide);
    }
  }

  private void sums(int n) {
    var x = input(n);
    var weight = input(n);
    var dy = input(n);
    var y = input(n);
    sum("dot " + n, KERNELS.dot(x.segment(), x.at(), dy.segment(), dy.at(), n));
    sum("sumOfSquares " + n, KERNELS.sumOfSquares(x.segment(), x.at(), n));
    sum("max " + n, KERNELS.max(x.segment(), x.at(), n));
    sum(
        "rmsNorm " + n,
        KERNELS.rmsNorm(
            x.segment(), x.at(), weight.segment(), weight.at(), y.segment(), y.at(), n, 1e-5f));
    sum("rmsNorm's last " + n, y.get(n - 1));
    KERNELS.rmsNormBackward(
        x.segment(),
        x.at(),
        weight.segment(),
        weight.at(),
        dy.segment(),
        dy.at(),
        y.segment(),
        y.at(),
        n,
        0.9f);
    sum("rmsNormBackward's last " + n, y.get(n - 1));
  }

  /** Few rows and many, both layouts, all types, rounding. */
  private void allProducts() {
    try (var workers = new WorkerPool(1)) {
      var gemm = new Gemm(KERNELS, workers);
      for (var m : new int[] {2, 123}) {
        for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
          var n = 25;
          var k = m == 2 ? 270 : 19;
          var a = input(type, m * k);
          var b = input(type, n * k);
          var c = input(type, m * n);
          var result = new Matrix(c.segment(), c.at(), type, n, 1);
          var rows = new Matrix(b.segment(), b.at(), type, 1, k);
          var columns = new Matrix(b.segment(), b.at(), type, n, 1);
          var left = new Matrix(a.segment(), a.at(), type, k, 1);
          gemm.multiply(m, n, DType.BF16, 0.5f, false, result, new Term(left, rows, k));
          gemm.multiply(m, n, DType.F32, 1, true, result, new Term(left, columns, k));
          checksum("product " + m + " " + type, c);
        }
      }
    }
  }
}
