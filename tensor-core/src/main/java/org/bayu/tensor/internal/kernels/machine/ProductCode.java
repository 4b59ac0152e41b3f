package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.gemm.Matrix;

/**
 * The functions that a product is made of, ready to be called: tiles, packing and the streaming of
 * a weight. Nothing here checks a range: {@link org.bayu.tensor.internal.kernels.gemm.Gemm} has.
 */
public final class ProductCode {
  /** Bytes of the pointers that {@link #packSteps} needs. */
  public static final long POINTER_BYTES = 16 * JAVA_LONG.byteSize();

  /** Columns of B that are packed together, at most. */
  public static final int COLUMNS = 64;

  /** Steps of 32 bits in a block, at most: 128 KiB of B, 14 KiB of a tile's A. */
  static final int BLOCK_STEPS = 512;

  /** Flag of a tile's function: it begins with what C has instead of zero. */
  public static final int ACCUMULATE = 1;

  /** Flag of a tile's function: it stores rounded sums and leaves C. */
  public static final int ROUND = 2;

  /**
   * Rows that a stream's function multiplies with all vectors before it reads the next. Those are
   * fetched meanwhile: else the processor would wait for memory with the first vectors and leave
   * memory idle with the others.
   */
  public static final int BLOCK = 4;

  /** Vectors that a stream's function multiplies a row with at the same time, at most. */
  public static final int FEW = 4;

  /** Where a stream's number of groups of rows begins in its last parameter. */
  public static final int ROW_GROUPS_SHIFT = 8;

  /** What a missing lane reads: as long as any lane's block. */
  private static final MemorySegment ZEROS = Arena.global().allocate(2 * 4L * BLOCK_STEPS, 64);

  /** What operands can be of, in the order of {@link #source}. */
  public static final List<DType> SOURCES = List.of(DType.F32, DType.BF16, DType.F16);

  private final ProductShape shape;
  private final MemorySegment peak;
  private final List<MemorySegment> tiles;
  private final List<MemorySegment> steps;
  private final List<MemorySegment> lanes;
  private final List<MemorySegment> lanesOfTiles;
  private final List<MemorySegment> streams;
  private final MemorySegment strips;

  /** Groups of lanes that lie side by side, at most. */
  private final int laneGroups;

  /**
   * The functions of assembled code, by where they begin.
   *
   * @param tiles for A by rows and for A in a panel; of each, for each number of vectors; of each,
   *     for each number of rows
   * @param steps {@link #packSteps} of each of {@link #SOURCES}
   * @param lanes {@link #packLanes} of each of {@link #SOURCES}; of each, for each number of groups
   *     of lanes up to {@link #COLUMNS}
   * @param lanesOfTiles {@link #packTiles} of each of {@link #SOURCES}
   * @param streams {@link #stream} of each of {@link #SOURCES}; of each, for each number of vectors
   *     up to {@link #FEW}; of each, for one row and for the shape's rows
   * @param strips {@link #toStrips}, if the shape has strips
   */
  public ProductCode(
      ProductShape shape,
      CodeBuffer code,
      List<Integer> tiles,
      List<Integer> steps,
      List<Integer> lanes,
      List<Integer> lanesOfTiles,
      List<Integer> streams,
      int strips,
      int peak) {
    this.shape = shape;
    laneGroups = COLUMNS / shape.vectorLanes();
    this.peak = code.address(peak);
    this.strips = code.address(strips);
    this.tiles = tiles.stream().map(code::address).toList();
    this.steps = steps.stream().map(code::address).toList();
    this.lanes = lanes.stream().map(code::address).toList();
    this.lanesOfTiles = lanesOfTiles.stream().map(code::address).toList();
    this.streams = streams.stream().map(code::address).toList();
  }

  /** What the functions compute at a time. */
  public ProductShape shape() {
    return shape;
  }

  /** Does {@code steps} steps of the peak; returns their floating-point operations. */
  public double runPeak(int steps) {
    MachineCall.call(peak, steps, 0, 0, 0, 0, 0);
    return steps * shape.peakFlops();
  }

  /** The function for tiles of [rows, width]. */
  private MemorySegment tile(boolean inPanel, int width, int rows) {
    var vectors = width / shape.vectorLanes();
    var form = (inPanel ? shape.tileVectors() : 0) + vectors - 1;
    return tiles.get(form * shape.tileRows() + rows - 1);
  }

  /**
   * C = A·B, or C += A·B, of {@code width} packed columns of B, at most a tile's, all by their
   * addresses.
   *
   * @param inPanel whether A is a panel, whose rows lie side by side and whose steps are {@code
   *     aStride} bytes apart; else its rows are
   * @param rounded where the sums go as BF16 too, for they are complete; nowhere if 0
   */
  public void multiply(
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
    var tileStride = shape.tileRows() * (inPanel ? 4 : aStride);
    multiply(
        rows,
        width,
        steps,
        inPanel,
        a,
        aStride,
        tileStride,
        b,
        c,
        cStride,
        accumulate,
        rounded,
        roundedStride);
  }

  /** The same of A in strips, {@code tileStride} bytes from strip to strip. */
  void multiplyStrips(
      int rows,
      int width,
      int steps,
      long a,
      long tileStride,
      long b,
      long c,
      long cStride,
      boolean accumulate) {
    var aStride = 4L * shape.tileRows();
    multiply(rows, width, steps, true, a, aStride, tileStride, b, c, cStride, accumulate, 0, 0);
  }

  private void multiply(
      int rows,
      int width,
      int steps,
      boolean inPanel,
      long a,
      long aStride,
      long tileStride,
      long b,
      long c,
      long cStride,
      boolean accumulate,
      long rounded,
      long roundedStride) {
    // Where tiles cannot round, the place of the rounded says how far A's tiles are apart.
    var rounds = shape.roundsSums();
    var flags = (accumulate ? ACCUMULATE : 0) | (rounded == 0 ? 0 : ROUND);
    var tileRows = shape.tileRows();
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
          rounds ? rounded : tileStride,
          roundedStride);
    }
    if (rest > 0) {
      var done = rows - rest;
      MachineCall.call(
          tile(inPanel, width, rest),
          steps,
          a + full * tileStride,
          aStride,
          b,
          c + done * cStride,
          cStride,
          1,
          flags,
          rounds ? rounded + done * roundedStride : tileStride,
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
  public void packSteps(
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
    var vectorLanes = shape.vectorLanes();
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
  public void packLanes(DType from, long at, long kStride, int lanes, int k, long to, int width) {
    var vectorLanes = shape.vectorLanes();
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
          shape.tail(count - vectorLanes * (groups - 1)));
    }
  }

  /**
   * Packs {@link #COLUMNS} lanes that lie side by side, those of a tile together, tiles of {@link
   * ProductShape#blockSteps} behind each other; where a tile has fewer lanes than that.
   */
  void packTiles(DType from, long at, long kStride, int k, long to) {
    MachineCall.call(lanesOfTiles.get(source(from)), at, kStride, k, to, 0, 0);
  }

  /**
   * Copies a panel whose rows lie side by side, of {@link ProductShape#panelLanes}, into strips.
   * Reads, from the last step, a vector more than there is.
   *
   * @param tileStride bytes from strip to strip
   */
  void toStrips(int steps, long panel, long to, long tileStride, int count) {
    MachineCall.call(strips, steps, panel, 4L * shape.panelLanes(), to, tileStride, count);
  }

  /** The parameter for what is left of k after whole vectors. */
  private long tail(int k) {
    return shape.tail(k % (shape.vectorLanes() * shape.step().elements()));
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
    var whole = fewCount - fewCount % FEW;
    var rest = fewCount - whole;
    if (whole > 0) {
      stream(FEW, whole / FEW, matrix, row, rows, k, few, fewStride, to, toStride, accumulate);
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
    var form = 2 * (source(matrix.dtype()) * FEW + few - 1);
    var tail = tail(k);
    var most = shape.streamRows(few);
    var rowStride = matrix.rowStride() * matrix.dtype().bytes();
    var first = matrix.address(row, 0);
    var done = 0;
    while (done < rows) {
      var left = rows - done;
      var together = left >= most ? most : 1;
      var groups = left >= BLOCK ? BLOCK / together : left / together;
      var blocks = Math.max(1, left / BLOCK);
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
          counts(groups, fewGroups, accumulate));
      done += blocks * groups * together;
    }
  }

  /** A stream's last parameter. */
  private static long counts(int rowGroups, int vectorGroups, boolean accumulate) {
    return (long) rowGroups << ROW_GROUPS_SHIFT | vectorGroups << 1 | (accumulate ? 1 : 0);
  }

  private static int source(DType type) {
    return switch (type) {
      case F32 -> 0;
      case BF16 -> 1;
      case F16 -> 2;
      case I32, U8 -> throw new IllegalArgumentException("a product of I32");
    };
  }
}
