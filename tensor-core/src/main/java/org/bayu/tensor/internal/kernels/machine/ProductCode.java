package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Gemm.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * The functions of {@link TileCode} and {@link PackCode} for one type of operands, ready to be
 * called. Nothing here checks a range: {@link org.bayu.tensor.internal.kernels.Gemm} has.
 */
final class ProductCode {
  /** Bytes of the pointers that {@link #packSteps} needs. */
  static final long POINTER_BYTES = 16 * JAVA_LONG.byteSize();

  /** What a missing lane reads: as long as any lane's block. */
  private static final MemorySegment ZEROS =
      Arena.global().allocate(2 * 4L * PanelProduct.BLOCK_STEPS, 64);

  private final boolean bfloat16;
  private final MemorySegment peak;
  private final List<MemorySegment> tiles;
  private final List<MemorySegment> steps;
  private final List<MemorySegment> lanes;
  private final List<MemorySegment> streams;

  /**
   * Assembles them.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  ProductCode(CallingConvention convention, boolean bfloat16) throws CodeRefusedException {
    this.bfloat16 = bfloat16;
    var asm = new Avx512Assembler();
    List<Integer> tilesAt = new ArrayList<>();
    for (var panel : new boolean[] {false, true}) {
      for (var vectors = 1; vectors <= TileCode.VECTORS; vectors++) {
        for (var rows = 1; rows <= TileCode.ROWS; rows++) {
          asm.align(64);
          tilesAt.add(asm.position());
          TileCode.emit(asm, convention, bfloat16, rows, vectors, panel);
        }
      }
    }
    List<Integer> stepsAt = new ArrayList<>();
    List<Integer> lanesAt = new ArrayList<>();
    List<Integer> streamsAt = new ArrayList<>();
    for (var from : new DType[] {DType.F32, DType.BF16, DType.F16}) {
      asm.align(64);
      stepsAt.add(asm.position());
      PackCode.emitSteps(asm, convention, bfloat16, from);
      for (var groups = 1; groups <= TileCode.VECTORS; groups++) {
        asm.align(64);
        lanesAt.add(asm.position());
        PackCode.emitLanes(asm, convention, bfloat16, from, groups);
      }
      for (var few = 1; few <= StreamCode.FEW; few++) {
        for (var rows = 1; rows <= StreamCode.ROWS; rows += StreamCode.ROWS - 1) {
          asm.align(64);
          streamsAt.add(asm.position());
          StreamCode.emit(asm, convention, bfloat16, from, rows, few);
        }
      }
    }
    asm.align(64);
    var peakAt = asm.position();
    PeakCode.emit(asm, convention, bfloat16);
    var code = CodeBuffer.of(asm.toByteArray());
    peak = code.address(peakAt);
    tiles = tilesAt.stream().map(code::address).toList();
    steps = stepsAt.stream().map(code::address).toList();
    lanes = lanesAt.stream().map(code::address).toList();
    streams = streamsAt.stream().map(code::address).toList();
  }

  /** Does {@code steps} steps of the peak; returns their floating-point operations. */
  double runPeak(int steps) {
    MachineCall.call(peak, steps, 0, 0, 0, 0, 0);
    return steps * PeakCode.flops(bfloat16);
  }

  /** A of a product: rows {@code stride} bytes apart, or a panel whose steps are. */
  record Left(MemorySegment data, long at, boolean inPanel, long stride) {
    private long address(long row) {
      return data.address() + at + row * (inPanel ? 4 : stride);
    }
  }

  /** C of a product: F32 sums, and where they go as BF16 at the end, if that is not null. */
  record Sums(
      MemorySegment data,
      long at,
      long stride,
      @Nullable MemorySegment rounded,
      long roundedAt,
      long roundedStride) {
    /** This, some rows below. */
    Sums below(int rows) {
      return new Sums(
          data,
          at + rows * stride,
          stride,
          rounded,
          roundedAt + rows * roundedStride,
          roundedStride);
    }
  }

  /**
   * C = A·B or C += A·B of some rows and {@code width} packed columns of B.
   *
   * @param isLast whether the sums are complete, to be rounded
   */
  void multiply(
      int rows,
      int width,
      int steps,
      Left a,
      MemorySegment b,
      Sums c,
      boolean accumulate,
      boolean isLast) {
    var full = rows / TileCode.ROWS;
    var rest = rows % TileCode.ROWS;
    if (full > 0) {
      multiplyTiles(TileCode.ROWS, full, 0, width, steps, a, b, c, accumulate, isLast);
    }
    if (rest > 0) {
      multiplyTiles(rest, 1, rows - rest, width, steps, a, b, c, accumulate, isLast);
    }
  }

  /** {@code count} tiles of {@code rows}, from row {@code from} on. */
  private void multiplyTiles(
      int rows,
      int count,
      long from,
      int width,
      int steps,
      Left a,
      MemorySegment b,
      Sums c,
      boolean accumulate,
      boolean isLast) {
    var round = isLast && c.rounded != null;
    var flags = (accumulate ? TileCode.ACCUMULATE : 0) | (round ? TileCode.ROUND : 0);
    var rounded = c.rounded == null ? 0 : c.rounded.address() + c.roundedAt;
    MachineCall.call(
        tile(a.inPanel, width, rows),
        steps,
        a.address(from),
        a.stride,
        b.address(),
        c.data.address() + c.at + from * c.stride,
        c.stride,
        count,
        flags,
        rounded + from * c.roundedStride,
        c.roundedStride);
  }

  /** The function for tiles of [rows, width]. */
  private MemorySegment tile(boolean inPanel, int width, int rows) {
    var form = (inPanel ? TileCode.VECTORS : 0) + width / 16 - 1;
    return tiles.get(form * TileCode.ROWS + rows - 1);
  }

  /**
   * C = A·B, or C += A·B, all by their addresses.
   *
   * @param inPanel whether A is a panel, whose steps are {@code aStride} bytes apart; else its rows
   *     are
   */
  void multiply(
      int rows,
      int width,
      int steps,
      boolean inPanel,
      long a,
      long aStride,
      long b,
      long c,
      long cStride,
      boolean accumulate) {
    var flags = accumulate ? TileCode.ACCUMULATE : 0;
    var full = rows / TileCode.ROWS;
    var rest = rows % TileCode.ROWS;
    if (full > 0) {
      var function = tile(inPanel, width, TileCode.ROWS);
      MachineCall.call(function, steps, a, aStride, b, c, cStride, full, flags, 0, 0);
    }
    if (rest > 0) {
      var done = rows - rest;
      var restA = a + done * (inPanel ? 4 : aStride);
      var restC = c + done * cStride;
      var function = tile(inPanel, width, rest);
      MachineCall.call(function, steps, restA, aStride, b, restC, cStride, 1, flags, 0, 0);
    }
  }

  /**
   * Packs lanes whose k lie side by side: rows {@code lane} and on of {@code matrix}, columns
   * {@code from} and on. Writes a multiple of 16 steps, and a multiple of 16 lanes, zeros where
   * there are none.
   *
   * @param width lanes of the panel
   * @param pointers scratch memory of {@link #POINTER_BYTES}
   */
  void packSteps(
      Matrix matrix,
      int lane,
      int lanes,
      int from,
      int k,
      MemorySegment to,
      long at,
      int width,
      MemorySegment pointers) {
    var function = steps.get(source(matrix.dtype()));
    var chunk = bfloat16 ? 32 : 16;
    var tailMask = (1L << (k % chunk)) - 1;
    for (var group = 0; group < lanes; group += 16) {
      for (var i = 0; i < 16; i++) {
        var address =
            group + i < lanes
                ? matrix.data().address() + matrix.byteAt(lane + group + i, from)
                : ZEROS.address();
        pointers.setAtIndex(JAVA_LONG, i, address);
      }
      MachineCall.call(
          function, pointers.address(), k, to.address() + at + 4L * group, 4L * width, tailMask, 0);
    }
  }

  /** Packs lanes that lie side by side, as {@link #packSteps} does; writes no more than k steps. */
  void packLanes(
      Matrix matrix, int lane, int lanes, int from, int k, MemorySegment to, long at, int width) {
    var kStride = matrix.columnStride() * matrix.dtype().bytes();
    for (var first = 0; first < lanes; first += 16 * TileCode.VECTORS) {
      var count = Math.min(16 * TileCode.VECTORS, lanes - first);
      var groups = (count + 15) / 16;
      MachineCall.call(
          this.lanes.get(source(matrix.dtype()) * TileCode.VECTORS + groups - 1),
          matrix.data().address() + matrix.byteAt(lane + first, from),
          kStride,
          k,
          to.address() + at + 4L * first,
          4L * width,
          (1L << (count - 16 * (groups - 1))) - 1);
    }
  }

  /**
   * to[f, r] = Σ matrix[row + r, from + l]·few[f, l] over k elements, or += that.
   *
   * @param few vectors of the product's type, {@code fewStride} bytes apart, zeros behind k
   * @param to F32, {@code toStride} bytes from vector to vector
   */
  void stream(
      Matrix matrix,
      long row,
      int rows,
      int k,
      MemorySegment few,
      int fewCount,
      long fewStride,
      MemorySegment to,
      long toStride,
      boolean accumulate) {
    var whole = fewCount - fewCount % StreamCode.FEW;
    var rest = fewCount - whole;
    if (whole > 0) {
      stream(
          StreamCode.FEW,
          whole / StreamCode.FEW,
          matrix,
          row,
          rows,
          k,
          few.address(),
          fewStride,
          to.address(),
          toStride,
          accumulate);
    }
    if (rest > 0) {
      stream(
          rest,
          1,
          matrix,
          row,
          rows,
          k,
          few.address() + whole * fewStride,
          fewStride,
          to.address() + whole * toStride,
          toStride,
          accumulate);
    }
  }

  /** Whole blocks of rows, then a group, then single rows. */
  private void stream(
      int few,
      int fewGroups,
      Matrix matrix,
      long row,
      int rows,
      int k,
      long vectors,
      long fewStride,
      long to,
      long toStride,
      boolean accumulate) {
    var form = 2 * (source(matrix.dtype()) * StreamCode.FEW + few - 1);
    var tailMask = (1L << (k % (bfloat16 ? 32 : 16))) - 1;
    var rowStride = matrix.rowStride() * matrix.dtype().bytes();
    var first = matrix.data().address() + matrix.byteAt(row, 0);
    var done = 0;
    while (done < rows) {
      var left = rows - done;
      var together = left >= StreamCode.ROWS ? StreamCode.ROWS : 1;
      var groups = left >= StreamCode.BLOCK ? StreamCode.BLOCK / together : left / together;
      var blocks = Math.max(1, left / StreamCode.BLOCK);
      MachineCall.call(
          streams.get(together == 1 ? form : form + 1),
          first + done * rowStride,
          rowStride,
          k,
          vectors,
          fewStride,
          to + 4L * done,
          blocks,
          tailMask,
          toStride,
          StreamCode.counts(groups, fewGroups, accumulate));
      done += blocks * groups * together;
    }
  }

  private static int source(DType type) {
    return switch (type) {
      case F32 -> 0;
      case BF16 -> 1;
      case F16 -> 2;
      case I32 -> throw new IllegalArgumentException("a product of I32");
    };
  }
}
