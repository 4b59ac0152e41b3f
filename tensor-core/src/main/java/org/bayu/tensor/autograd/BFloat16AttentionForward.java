package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.AttentionTiles.Tile;
import org.bayu.tensor.internal.kernels.AttentionKernels;

/**
 * The forward pass of {@link Attention} on {@link AttentionKernels}: keys and values are packed
 * once for all, then there is a task for each block of queries and head.
 *
 * <p>Lanes are keys. The exponentials are powers of 2 of scores less a shift, at first the greatest
 * score of the row's first tile; only where a score exceeds that by far is the shift raised and
 * what was summed scaled down. They are summed in binary32 and rounded to bf16 for the product with
 * the values.
 */
final class BFloat16AttentionForward {
  private final BFloat16Attention call;
  private final AttentionKernels kernels;
  private final AttentionTiles tiles;
  private final int headDim;
  private final long sumsStride;
  private final Tensor y;
  private final Tensor logSumExp;

  /** Where a piece's keys are packed, of one head; behind them its values. */
  private final long[] packedAt;

  BFloat16AttentionForward(BFloat16Attention call, Tensor y, Tensor logSumExp) {
    this.call = call;
    this.kernels = call.kernels();
    this.tiles = call.tiles();
    this.headDim = call.headDim();
    this.sumsStride = call.sumsStride();
    this.y = y;
    this.logSumExp = logSumExp;
    packedAt = new long[tiles.pieces() + 1];
    for (var piece = 0; piece < tiles.pieces(); piece++) {
      var values = kernels.packedFeaturesBytes(tiles.keys(piece), headDim);
      packedAt[piece + 1] = packedAt[piece] + keysBytes(piece) + aligned(values);
    }
  }

  private long keysBytes(int piece) {
    return aligned(kernels.packedRowsBytes(tiles.keys(piece), headDim));
  }

  /** A multiple of a cache line. */
  private static long aligned(long bytes) {
    return (bytes + Tensor.ALIGNMENT - 1) & -Tensor.ALIGNMENT;
  }

  void run() {
    var workers = call.device().workers();
    var blocks = tiles.blocks();
    var pieces = tiles.pieces();
    var kvHeads = call.kvHeads();
    workers.withScratch(
        packedAt[pieces] * kvHeads,
        packed -> {
          workers.run(
              pieces * kvHeads, (index, worker) -> pack(index % pieces, index / pieces, packed));
          // The last blocks see the most keys: they go first. A head's keys stay in the cache.
          workers.run(
              blocks * call.heads(),
              (index, worker) ->
                  new Block(blocks - 1 - index % blocks, index / blocks, packed, worker).run());
        });
  }

  private long packedAt(int piece, int kvHead) {
    return packedAt[tiles.pieces()] * kvHead + packedAt[piece];
  }

  private void pack(int piece, int kvHead, MemorySegment packed) {
    if (tiles.ofPiece(piece).isEmpty()) {
      return;
    }
    var n = tiles.keys(piece);
    var from = call.keyAt(tiles.keyStart(piece), kvHead);
    var stride = call.keyStride();
    var at = packedAt(piece, kvHead);
    kernels.packRows(call.k().data(), from, stride, n, headDim, packed, at);
    kernels.packFeatures(call.v().data(), from, stride, n, headDim, packed, at + keysBytes(piece));
  }

  /** A block of queries of one head. */
  private final class Block {
    private final int block;
    private final int head;
    private final int first;
    private final int rows;
    private final MemorySegment packed;
    private final MemorySegment scores;
    private final MemorySegment weights;
    private final MemorySegment visible;
    private final MemorySegment lanes;
    private final MemorySegment shifts;
    private final MemorySegment raised;
    private final MemorySegment sums;

    Block(int block, int head, MemorySegment packed, int worker) {
      this.block = block;
      this.head = head;
      this.packed = packed;
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

    void run() {
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
      var keysAt = packedAt(tile.piece(), head / call.group());
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
          keysAt,
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
          keysAt + keysBytes(tile.piece()),
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
