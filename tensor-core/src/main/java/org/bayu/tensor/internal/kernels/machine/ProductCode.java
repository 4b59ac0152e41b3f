package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.gemm.Matrix;

/**
 * The functions that a product is made of, ready to be called: tiles, packing and the streaming of
 * a weight. Nothing here checks a range: {@link org.bayu.tensor.internal.kernels.gemm.Gemm} has.
 */
final class ProductCode {
  /** Bytes of the pointers that {@link #packSteps} needs. */
  static final long POINTER_BYTES = 16 * JAVA_LONG.byteSize();

  /** Columns of B that are packed together, at most. */
  static final int COLUMNS = 64;

  /** What a missing lane reads: as long as any lane's block. */
  private static final MemorySegment ZEROS =
      Arena.global().allocate(2 * 4L * PanelPacking.BLOCK_STEPS, 64);

  private static final DType[] SOURCES = {DType.F32, DType.BF16, DType.F16};

  private final ProductInstructions instructions;
  private final MemorySegment peak;
  private final List<MemorySegment> tiles;
  private final List<MemorySegment> steps;
  private final List<MemorySegment> lanes;
  private final List<MemorySegment> streams;

  /** Groups of lanes that lie side by side, at most. */
  private final int laneGroups;

  /**
   * Assembles them.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  ProductCode(ProductInstructions instructions) throws CodeRefusedException {
    this.instructions = instructions;
    laneGroups = COLUMNS / instructions.vectorLanes();
    var tilesAt = emitTiles();
    List<Integer> stepsAt = new ArrayList<>();
    List<Integer> lanesAt = new ArrayList<>();
    List<Integer> streamsAt = new ArrayList<>();
    for (var from : SOURCES) {
      stepsAt.add(begin());
      instructions.emitSteps(from);
      for (var groups = 1; groups <= laneGroups; groups++) {
        lanesAt.add(begin());
        instructions.emitLanes(from, groups);
      }
      for (var few = 1; few <= StreamCode.FEW; few++) {
        streamsAt.add(begin());
        instructions.emitStream(from, 1, few);
        streamsAt.add(begin());
        instructions.emitStream(from, instructions.streamRows(few), few);
      }
    }
    var peakAt = begin();
    instructions.emitPeak();
    var code = CodeBuffer.of(instructions.assembler().toByteArray());
    peak = code.address(peakAt);
    tiles = tilesAt.stream().map(code::address).toList();
    steps = stepsAt.stream().map(code::address).toList();
    lanes = lanesAt.stream().map(code::address).toList();
    streams = streamsAt.stream().map(code::address).toList();
  }

  private List<Integer> emitTiles() {
    List<Integer> tilesAt = new ArrayList<>();
    for (var panel : new boolean[] {false, true}) {
      for (var vectors = 1; vectors <= instructions.tileVectors(); vectors++) {
        for (var rows = 1; rows <= instructions.tileRows(); rows++) {
          tilesAt.add(begin());
          instructions.emitTile(rows, vectors, panel);
        }
      }
    }
    return tilesAt;
  }

  /** Where the next function begins. */
  private int begin() {
    instructions.assembler().align(64);
    return instructions.assembler().position();
  }

  /** What the functions are made of. */
  ProductInstructions instructions() {
    return instructions;
  }

  /** Does {@code steps} steps of the peak; returns their floating-point operations. */
  double runPeak(int steps) {
    MachineCall.call(peak, steps, 0, 0, 0, 0, 0);
    return steps * instructions.peakFlops();
  }

  /** The function for tiles of [rows, width]. */
  private MemorySegment tile(boolean inPanel, int width, int rows) {
    var vectors = width / instructions.vectorLanes();
    var form = (inPanel ? instructions.tileVectors() : 0) + vectors - 1;
    return tiles.get(form * instructions.tileRows() + rows - 1);
  }

  /**
   * C = A·B, or C += A·B, of {@code width} packed columns of B, at most a tile's, all by their
   * addresses.
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
    var tileRows = instructions.tileRows();
    var full = rows / tileRows;
    var rest = rows % tileRows;
    if (full > 0) {
      MachineCall.call(
          tile(inPanel, width, tileRows),
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
   * Writes whole vectors of steps and of lanes, zeros where there are none.
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
    var vectorLanes = instructions.vectorLanes();
    var tail = tail(k);
    for (var group = 0; group < lanes; group += vectorLanes) {
      for (var i = 0; i < vectorLanes; i++) {
        var lane = group + i;
        var address = lane < lanes ? at + lane * laneStride : ZEROS.address();
        pointers.set(JAVA_LONG, pointersAt + 8L * i, address);
      }
      MachineCall.call(
          function, pointers.address() + pointersAt, k, to + 4L * group, 4L * width, tail, 0);
    }
  }

  /**
   * Packs lanes that lie side by side and whose k are {@code kStride} bytes apart, as {@link
   * #packSteps} does; writes no more than k steps.
   */
  void packLanes(DType from, long at, long kStride, int lanes, int k, long to, int width) {
    var vectorLanes = instructions.vectorLanes();
    for (var first = 0; first < lanes; first += COLUMNS) {
      var count = Math.min(COLUMNS, lanes - first);
      var groups = (count + vectorLanes - 1) / vectorLanes;
      MachineCall.call(
          this.lanes.get(source(from) * laneGroups + groups - 1),
          at + (long) first * from.bytes(),
          kStride,
          k,
          to + 4L * first,
          4L * width,
          instructions.tail(count - vectorLanes * (groups - 1)));
    }
  }

  /** The parameter for what is left of k after whole vectors. */
  private long tail(int k) {
    return instructions.tail(k % (instructions.vectorLanes() * instructions.step().elements()));
  }

  /**
   * to[f, r] = Σ matrix[row + r, from + l]·few[f, l] over k elements, or += that.
   *
   * @param few the address of vectors of the product's steps, {@code fewStride} bytes apart, zeros
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
    var tail = tail(k);
    var most = instructions.streamRows(few);
    var rowStride = matrix.rowStride() * matrix.dtype().bytes();
    var first = matrix.address(row, 0);
    var done = 0;
    while (done < rows) {
      var left = rows - done;
      var together = left >= most ? most : 1;
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
          tail,
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
