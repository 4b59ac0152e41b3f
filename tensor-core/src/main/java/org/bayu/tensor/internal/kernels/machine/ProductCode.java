package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Gemm.Matrix;

/**
 * The functions of {@link TileCode} and {@link PackCode} for one type of operands, ready to be
 * called. Nothing here checks a range: {@link org.bayu.tensor.internal.kernels.Gemm} has.
 */
final class ProductCode {
  /** Bytes of the pointers that {@link #packSteps} needs. */
  static final long POINTER_BYTES = 16 * JAVA_LONG.byteSize();

  /** What a missing lane reads: as long as any lane's block. */
  private static final MemorySegment ZEROS =
      Arena.global().allocate(2 * 4L * PanelTasks.BLOCK_STEPS, 64);

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

  /** The function for tiles of [rows, width]. */
  private MemorySegment tile(boolean inPanel, int width, int rows) {
    var form = (inPanel ? TileCode.VECTORS : 0) + width / 16 - 1;
    return tiles.get(form * TileCode.ROWS + rows - 1);
  }

  /**
   * C = A·B, or C += A·B, of {@code width} packed columns of B, all by their addresses.
   *
   * @param inPanel whether A is a panel, whose steps are {@code aStride} bytes apart; else its rows
   *     are
   * @param rounded where the sums go as BF16 too, for they are complete; nowhere if 0
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
      boolean accumulate,
      long rounded,
      long roundedStride) {
    var flags = (accumulate ? TileCode.ACCUMULATE : 0) | (rounded == 0 ? 0 : TileCode.ROUND);
    var full = rows / TileCode.ROWS;
    var rest = rows % TileCode.ROWS;
    if (full > 0) {
      MachineCall.call(
          tile(inPanel, width, TileCode.ROWS),
          steps,
          a,
          aStride,
          b,
          c,
          cStride,
          full,
          flags,
          rounded,
          roundedStride);
    }
    if (rest > 0) {
      var done = rows - rest;
      MachineCall.call(
          tile(inPanel, width, rest),
          steps,
          a + done * (inPanel ? 4 : aStride),
          aStride,
          b,
          c + done * cStride,
          cStride,
          1,
          flags,
          rounded + done * roundedStride,
          roundedStride);
    }
  }

  /**
   * Packs lanes whose k lie side by side, of type {@code from}, {@code laneStride} bytes apart.
   * Writes a multiple of 16 steps, and a multiple of 16 lanes, zeros where there are none.
   *
   * @param at the address of the first lane's first k
   * @param to the address of the panel
   * @param width lanes of the panel
   * @param pointers has scratch memory of {@link #POINTER_BYTES} from byte {@code pointersAt} on
   */
  void packSteps(
      DType from,
      long at,
      long laneStride,
      int lanes,
      int k,
      long to,
      int width,
      MemorySegment pointers,
      long pointersAt) {
    var function = steps.get(source(from));
    var chunk = bfloat16 ? 32 : 16;
    var tailMask = (1L << (k % chunk)) - 1;
    for (var group = 0; group < lanes; group += 16) {
      for (var i = 0; i < 16; i++) {
        var lane = group + i;
        var address = lane < lanes ? at + lane * laneStride : ZEROS.address();
        pointers.set(JAVA_LONG, pointersAt + 8L * i, address);
      }
      MachineCall.call(
          function, pointers.address() + pointersAt, k, to + 4L * group, 4L * width, tailMask, 0);
    }
  }

  /**
   * Packs lanes that lie side by side and whose k are {@code kStride} bytes apart, as {@link
   * #packSteps} does; writes no more than k steps.
   */
  void packLanes(DType from, long at, long kStride, int lanes, int k, long to, int width) {
    for (var first = 0; first < lanes; first += 16 * TileCode.VECTORS) {
      var count = Math.min(16 * TileCode.VECTORS, lanes - first);
      var groups = (count + 15) / 16;
      MachineCall.call(
          this.lanes.get(source(from) * TileCode.VECTORS + groups - 1),
          at + (long) first * from.bytes(),
          kStride,
          k,
          to + 4L * first,
          4L * width,
          (1L << (count - 16 * (groups - 1))) - 1);
    }
  }

  /**
   * to[f, r] = Σ matrix[row + r, from + l]·few[f, l] over k elements, or += that.
   *
   * @param few the address of vectors of the product's type, {@code fewStride} bytes apart, zeros
   *     behind k
   * @param to the address of F32, {@code toStride} bytes from vector to vector
   */
  void stream(
      Matrix matrix,
      long row,
      int rows,
      int k,
      long few,
      int fewCount,
      long fewStride,
      long to,
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
          few,
          fewStride,
          to,
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
          few + whole * fewStride,
          fewStride,
          to + whole * toStride,
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
    var first = matrix.address(row, 0);
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
