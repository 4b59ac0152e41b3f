package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;
import org.bayu.tensor.internal.kernels.AttentionKernels;

/**
 * The forward pass of attention on {@link AttentionKernels}: keys and values are packed once for
 * all, then there is a task for each block of queries and head.
 *
 * <p>Lanes are keys. The exponentials are powers of 2 of scores less a shift, at first the greatest
 * score of the row's first tile; only where a score exceeds that by far is the shift raised and
 * what was summed scaled down. They are summed in binary32 and rounded to bf16 for the product with
 * the values.
 */
public final class BFloat16AttentionForward {
  private final BFloat16Attention call;
  private final AttentionKernels kernels;
  private final AttentionTiles tiles;
  private final int headDim;
  private final long sumsStride;
  private final PackedPieces pieces;
  private final Tensor y;
  private final Tensor logSumExp;

  /** A pass that will compute y and logSumExp [H, T], F32, of base 2. */
  public BFloat16AttentionForward(BFloat16Attention call, Tensor y, Tensor logSumExp) {
    this.call = call;
    this.kernels = call.kernels();
    this.tiles = call.tiles();
    this.headDim = call.headDim();
    this.sumsStride = call.sumsStride();
    this.y = y;
    this.logSumExp = logSumExp;
    this.pieces = tiles.packed(kernels, headDim);
  }

  /** Computes them. */
  public void run() {
    var workers = call.device().workers();
    var blocks = tiles.blocks();
    var kvHeads = call.kvHeads();
    workers.withScratch(
        pieces.bytes() * kvHeads,
        packed -> {
          var count = tiles.pieces();
          workers.run(
              count * kvHeads, (index, worker) -> pack(index % count, index / count, packed));
          var ofWorker = new Block[workers.threads()];
          for (var i = 0; i < ofWorker.length; i++) {
            ofWorker[i] = new Block(packed, i);
          }
          // The last blocks see the most keys: they go first. A head's keys stay in the cache.
          workers.run(
              blocks * call.heads(),
              (index, worker) -> ofWorker[worker].run(blocks - 1 - index % blocks, index / blocks));
        });
  }

  private void pack(int piece, int kvHead, MemorySegment packed) {
    if (tiles.ofPiece(piece).length == 0) {
      return;
    }
    var n = tiles.keys(piece);
    var from = call.keyAt(tiles.keyStart(piece), kvHead);
    var stride = call.keyStride();
    var keysAt = pieces.keysAt(piece, kvHead);
    var valuesAt = pieces.valuesAt(piece, kvHead);
    kernels.packRows(call.k().data(), from, stride, n, headDim, packed, keysAt);
    kernels.packFeatures(call.v().data(), from, stride, n, headDim, packed, valuesAt);
  }

  /** The block of queries of one head that a worker has under way. */
  private final class Block {
    private final MemorySegment packed;
    private final int worker;
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

    Block(MemorySegment packed, int worker) {
      this.packed = packed;
      this.worker = worker;
    }

    private void begin(int block, int head) {
      this.head = head;
      first = block * tiles.block();
      rows = tiles.rows(block);
      var workers = call.device().workers();
      scores = workers.scratch(worker, AttentionKernels.SCORES_BYTES);
      weights = workers.scratch(worker, AttentionKernels.WEIGHTS_BYTES);
      visible = workers.scratch(worker, 4L * rows);
      lanes = workers.scratch(worker, AttentionKernels.LANES_BYTES * rows);
      shifts = workers.scratch(worker, AttentionKernels.SHIFT_BYTES * rows);
      raised = workers.scratch(worker, 4);
      sums = workers.scratch(worker, sumsStride * rows);
    }

    void run(int block, int head) {
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
      kernels.multiplyRows(
          count,
          call.q().data(),
          call.queryAt(first + from, head),
          call.queryStride(),
          headDim,
          packed,
          pieces.keysAt(tile.piece(), kvHead),
          n,
          seen,
          scores,
          0);
      kernels.softmax(
          count,
          seen,
          scores,
          0,
          weights,
          0,
          visible,
          4L * from,
          call.scaleOfPower(),
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

    /** Where a shift was raised, scales down what was summed before. */
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
          call.queryAt(first, head),
          call.queryStride());
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
}
