package org.bayu.tensor.internal.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.HeapAllocation;

/**
 * Prints how many bytes calls of the vector kernels allocate once they are warm, a line each.
 *
 * <p>Of a JVM that goes on while it compiles, more rounds of warming up are to be asked for.
 */
final class VectorAllocation {
  private static final Kernels KERNELS = VectorKernels.INSTANCE;

  /** Whole vectors, tails alone, and both. */
  private static final int[] SIZES = {1, 16, 61, 64, 1000, 3, 207, 128};

  private static final int MOST = 1024;
  private static final int ROUND_CALLS = 2000;
  private static final int CALLS = 200;
  private static final AdamWScalars SCALARS =
      new AdamWScalars(1, 0.9f, 0.95f, 1e-8f, 1e-3f, 0.1f, 1, 1);

  private final List<Case> cases = new ArrayList<>();
  private final MemorySegment a;
  private final MemorySegment b;
  private final MemorySegment c;
  private final MemorySegment d;
  private final MemorySegment e;
  private final MemorySegment large;
  private final MemorySegment packed;

  /** What keeps a sum from being computed in vain. */
  private double sum;

  /** A kernel at one size. */
  private interface Call {
    void of(int n);
  }

  private record Case(String name, Call call) {}

  private VectorAllocation(Arena arena) {
    a = numbers(arena, MOST);
    b = numbers(arena, MOST);
    c = numbers(arena, MOST);
    d = numbers(arena, MOST);
    e = numbers(arena, MOST);
    large = numbers(arena, 512 * 256);
    packed = numbers(arena, 512 * 256);
  }

  private static MemorySegment numbers(Arena arena, int n) {
    return arena.allocate(4L * n, 64);
  }

  /** Takes the number of rounds, 2 if it is not given. */
  public static void main(String[] arguments) {
    try (var arena = Arena.ofConfined()) {
      var kernels = new VectorAllocation(arena);
      kernels.addPointwise();
      kernels.addActivations();
      kernels.addReductions();
      kernels.addConversions();
      kernels.addProducts();
      kernels.addPacking();
      kernels.run(arguments.length > 0 ? Integer.parseInt(arguments[0]) : 2);
    }
  }

  private void run(int rounds) {
    for (var round = 0; round < rounds; round++) {
      for (var each : cases) {
        repeat(each, ROUND_CALLS);
      }
    }
    for (var each : cases) {
      for (var n : SIZES) {
        var bytes = HeapAllocation.of(CALLS, () -> each.call.of(n));
        System.out.println(each.name + " of " + n + ": " + bytes);
      }
    }
  }

  private static void repeat(Case each, int calls) {
    for (var i = 0; i < calls; i++) {
      each.call.of(SIZES[i % SIZES.length]);
    }
  }

  private void add(String name, Call call) {
    cases.add(new Case(name, call));
  }

  private void addPointwise() {
    add("add", n -> KERNELS.add(a, 0, b, 0, c, 0, n));
    add("multiply", n -> KERNELS.multiply(a, 0, b, 0, c, 0, n));
    add("addScaled", n -> KERNELS.addScaled(0.5f, a, 0, b, 0, n));
    add("scale", n -> KERNELS.scale(0.5f, a, 0, n));
    add("rotate", n -> KERNELS.rotate(a, 0, b, c, 0, d, 0, n / 2, 1));
    add("adamW", n -> KERNELS.adamW(a, 0, b, 0, c, 0, d, 0, n, SCALARS));
  }

  private void addActivations() {
    add("expAndSum", n -> sum += KERNELS.expAndSum(1, a, 0, n));
    add("swiGlu", n -> KERNELS.swiGlu(a, 0, b, 0, c, 0, n));
    add("swiGluBackward", n -> KERNELS.swiGluBackward(a, 0, b, 0, c, 0, d, 0, e, 0, n));
  }

  private void addReductions() {
    add("dot", n -> sum += KERNELS.dot(a, 0, b, 0, n));
    add("sumOfSquares", n -> sum += KERNELS.sumOfSquares(a, 0, n));
    add("max", n -> sum += KERNELS.max(a, 0, n));
    add("rmsNorm", n -> sum += KERNELS.rmsNorm(a, 0, b, 0, c, 0, n, 1e-5f));
    add("rmsNormBackward", n -> KERNELS.rmsNormBackward(a, 0, b, 0, c, 0, d, 0, n, 0.5f));
    add("read", n -> KERNELS.read(a, 0, 4L * n));
    add("multiplyAddPeak", n -> sum += KERNELS.multiplyAddPeak(DType.F32, n));
  }

  private void addConversions() {
    for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
      add("widen " + type, n -> KERNELS.widen(type, a, 0, b, 0, n));
      add("narrow " + type, n -> KERNELS.narrow(type, a, 0, b, 0, n));
    }
  }

  private void addProducts() {
    var columns = KERNELS.tileColumns();
    for (var accumulate : new boolean[] {false, true}) {
      add(
          "gemmTile" + (accumulate ? " +=" : ""),
          n -> KERNELS.gemmTile(n, large, 0, packed, 0, c, 0, columns, accumulate));
    }
  }

  /** Rows and columns, of panels as wide as both sides of the tile, whole and not. */
  private void addPacking() {
    for (var type : List.of(DType.F32, DType.BF16, DType.F16)) {
      for (var toBFloat16 : new boolean[] {false, true}) {
        for (var rows : new boolean[] {false, true}) {
          add(
              "pack %s%s of %s"
                  .formatted(rows ? "rows" : "columns", toBFloat16 ? " rounded" : "", type),
              n -> {
                pack(type, toBFloat16, rows, KERNELS.tileRows(), n);
                pack(type, toBFloat16, rows, KERNELS.tileColumns(), n);
              });
        }
      }
    }
  }

  private void pack(DType type, boolean toBFloat16, boolean rows, int width, int n) {
    var lanes = n % 2 == 0 ? width : width * 3 / 2;
    var steps = Math.min(n, 256);
    var panelStride = (long) steps * width;
    KERNELS.pack(
        type,
        toBFloat16,
        large,
        0,
        rows ? 256 : 1,
        rows ? 1 : 256,
        lanes,
        steps,
        packed,
        0,
        width,
        panelStride);
  }
}
