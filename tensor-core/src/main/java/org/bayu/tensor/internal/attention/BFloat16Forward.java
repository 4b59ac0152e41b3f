package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;
import org.bayu.tensor.internal.kernels.AttentionKernels;

/**
 * The forward pass on kernels for bf16 of the blocks of queries that one worker gets, one after
 * another.
 *
 * <p>Lanes are keys. The exponentials are powers of 2 of scores and a shift, at first minus the
 * greatest score of the row's first tile; only where a score with its shift is far above 0 is the
 * shift lowered and what was summed scaled down. They are summed in binary32 and rounded to bf16
 * for the product with the values.
 */
final class BFloat16Forward implements AttentionCall.Task {
  private final BFloat16Attention attention;
  private final AttentionCall call;
  private final AttentionKernels kernels;
  private final AttentionTiles tiles;
  private final PackedPieces pieces;
  private final int headDim;
  private final long sumsStride;
  private final MemorySegment packed;
  private final int worker;
  private final LeftRows queries;
  private final Tensor y;
  private final Tensor logSumExp;
  private int head;
  private int first;
  private int rows;
  private MemorySegment scores = MemorySegment.NULL;
  private MemorySegment weights = MemorySegment.NULL;
  private MemorySegment visible = MemorySegment.NULL;
  private MemorySegment lanes = MemorySegment.NULL;
  private MemorySegment shifts = MemorySegment.NULL;
  private MemorySegment raised = MemorySegment.NULL;
  private MemorySegment sums = MemorySegment.NULL;

  /**
   * For one worker's tasks.
   *
   * @param packed keys and values, where {@code pieces} says
   */
  BFloat16Forward(
      BFloat16Attention attention,
      PackedPieces pieces,
      MemorySegment packed,
      int worker,
      Tensor y,
      Tensor logSumExp) {
    this.attention = attention;
    this.call = attention.call();
    this.kernels = attention.kernels();
    this.tiles = call.tiles();
    this.pieces = pieces;
    this.headDim = call.headDim();
    this.sumsStride = attention.sumsStride();
    this.packed = packed;
    this.worker = worker;
    this.queries = new LeftRows(kernels, headDim);
    this.y = y;
    this.logSumExp = logSumExp;
  }

  private MemorySegment scratch(long bytes) {
    return call.scratch(worker, bytes);
  }

  private void begin(int block, int head) {
    this.head = head;
    first = block * tiles.block();
    rows = tiles.rows(block);
    scores = scratch(AttentionKernels.SCORES_BYTES);
    weights = scratch(kernels.weightsBytes());
    queries.begin(scratch(kernels.leftBytes(rows, headDim)));
    visible = scratch(4L * rows);
    lanes = scratch(AttentionKernels.LANES_BYTES * rows);
    shifts = scratch(AttentionKernels.SHIFT_BYTES * rows);
    raised = scratch(4);
    sums = scratch(sumsStride * rows);
  }

  @Override
  public void run(int block, int head) {
    begin(block, head);
    lanes.fill((byte) 0);
    sums.fill((byte) 0);
    raised.set(JAVA_INT, 0, 0);
    for (var row = 0; row < rows; row++) {
      shifts.setAtIndex(JAVA_FLOAT, 2L * row, Float.POSITIVE_INFINITY);
      shifts.setAtIndex(JAVA_FLOAT, 2L * row + 1, 1);
    }
    for (var tile : tiles.ofBlock(block)) {
      var n = tiles.keys(tile.piece());
      for (var from = tile.rowFrom(); from < tile.rowTo(); ) {
        var to = tile.stripTo(from, n, AttentionKernels.COLUMNS);
        attend(tile, n, from, to);
        from = to;
      }
    }
    finish();
  }

  private void attend(Tile tile, int n, int from, int to) {
    var count = to - from;
    var seen = tile.visible(to - 1, n);
    var kvHead = head / call.group();
    for (var row = from; row < to; row++) {
      visible.setAtIndex(JAVA_INT, row, tile.visible(row, n));
    }
    // [rows, headDim] × [keys, headDim]ᵀ → [rows, keys]
    var at = attention.queryAt(first + from, head);
    queries
        .of(call.q().data(), at, attention.queryStride(), count)
        .multiply(count, packed, pieces.keysAt(tile.piece(), kvHead), n, seen, scores, 0);
    kernels.softmax(
        count,
        seen,
        scores,
        0,
        weights,
        0,
        visible,
        4L * from,
        attention.scaleOfPower(),
        lanes,
        AttentionKernels.LANES_BYTES * from,
        shifts,
        AttentionKernels.SHIFT_BYTES * from,
        raised);
    if (raised.get(JAVA_INT, 0) != 0) {
      scaleSums(from, to);
    }
    // [rows, keys] × [keys, headDim] → [rows, headDim]
    kernels.multiplyFeatures(
        count,
        weights,
        0,
        seen,
        packed,
        pieces.valuesAt(tile.piece(), kvHead),
        n,
        headDim,
        sums,
        from * sumsStride);
  }

  /** Where a shift was lowered, scales down what was summed before. */
  private void scaleSums(int from, int to) {
    raised.set(JAVA_INT, 0, 0);
    for (var row = from; row < to; row++) {
      var factor = shifts.getAtIndex(JAVA_FLOAT, 2L * row + 1);
      if (factor != 1) {
        shifts.setAtIndex(JAVA_FLOAT, 2L * row + 1, 1);
        call.device().kernels().scale(factor, sums, row * sumsStride, headDim);
      }
    }
  }

  private void finish() {
    var factors = visible; // as many numbers, no longer needed
    for (var row = 0; row < rows; row++) {
      var sum = laneSum(16L * row);
      factors.setAtIndex(JAVA_FLOAT, row, 1 / sum);
      var log = BFloat16Attention.log2(sum) - shifts.getAtIndex(JAVA_FLOAT, 2L * row);
      var at = 4 * ((long) head * logSumExp.columns() + first + row);
      logSumExp.data().set(JAVA_FLOAT_UNALIGNED, at, (float) log);
    }
    kernels.storeRows(
        rows,
        sums,
        0,
        factors,
        4,
        headDim,
        y.data(),
        attention.queryAt(first, head),
        attention.queryStride());
  }

  /** The sum of 16 lanes, by a fixed tree. */
  private float laneSum(long at) {
    return fourLanes(at) + fourLanes(at + 4) + (fourLanes(at + 8) + fourLanes(at + 12));
  }

  private float fourLanes(long at) {
    return lanes.getAtIndex(JAVA_FLOAT, at)
        + lanes.getAtIndex(JAVA_FLOAT, at + 1)
        + (lanes.getAtIndex(JAVA_FLOAT, at + 2) + lanes.getAtIndex(JAVA_FLOAT, at + 3));
  }
}
