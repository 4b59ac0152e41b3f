package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.attention.CacheReads.Piece;
import org.bayu.tensor.internal.kernels.CacheKernels;
import org.bayu.tensor.internal.kernels.Kernels;

/**
 * Attention of single tokens that continue sequences, in binary32: keys and values are read where
 * they lie, once for all queries of a piece and all heads that share them.
 *
 * <p>A task has a piece and a key-value head. It leaves, for each query and head, the greatest
 * score, the sum of the exponentials of the scores less that, and the values' sum with these
 * weights. A second run joins a query's pieces in their order. The bits of a token therefore depend
 * on its own sequence alone, not on the batch or the threads.
 */
final class CacheAttention {
  private final CpuDevice device;
  private final Kernels kernels;
  private final CacheKernels products;
  private final CacheReads reads;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;
  private final int headDim;
  private final int kvHeads;
  private final int group;
  private final float scale;

  /** Whether the kernels read keys and values where they are; else a task widens its piece. */
  private final boolean inPlace;

  CacheAttention(CpuDevice device, CacheReads reads, Tensor q, Tensor k, Tensor v, int headDim) {
    this.device = device;
    this.reads = reads;
    this.q = q;
    this.k = k;
    this.v = v;
    this.headDim = headDim;
    kernels = device.kernels();
    products = kernels.cache();
    kvHeads = k.columns() / headDim;
    group = q.columns() / k.columns();
    scale = (float) (1 / Math.sqrt(headDim));
    inPlace = products.fits(k.dtype(), headDim) && products.fits(v.dtype(), headDim);
  }

  /** Computes the rows of y that are single tokens'. */
  void forward(Tensor y) {
    if (reads.queries().length == 0) {
      return;
    }
    var rows = (long) kvHeads * reads.slotCount() * group;
    var workers = device.workers();
    workers.withScratch(
        4 * rows * (headDim + 2L),
        memory -> {
          var partial = new Partial(memory, rows);
          workers.run(
              reads.pieces().size() * kvHeads,
              (index, worker) -> {
                var piece = reads.pieces().get(index / kvHeads);
                attend(piece, index % kvHeads, worker, partial);
              });
          workers.run(
              reads.queries().length * kvHeads,
              (index, worker) -> join(index / kvHeads, index % kvHeads, worker, partial, y));
        });
  }

  /** What the pieces leave for each head, slot and query head of the group: rows. */
  private record Partial(MemorySegment memory, long rows) {
    long sumsAt(long row, int headDim) {
      return 4 * row * headDim;
    }

    long greatestAt(long row, int headDim) {
      return 4 * (rows * headDim + row);
    }

    long weightAt(long row, int headDim) {
      return 4 * (rows * (headDim + 1L) + row);
    }
  }

  /** The first row of partial results of a slot. */
  private long row(int kvHead, int slot) {
    return ((long) kvHead * reads.slotCount() + slot) * group;
  }

  private void attend(Piece piece, int kvHead, int worker, Partial partial) {
    var workers = device.workers();
    var keys = piece.length();
    var rows = piece.queries().length * group;
    var scoresStride = CacheReads.KEYS + CacheKernels.SCORES_BEHIND;
    var queries = workers.scratch(worker, 4L * rows * headDim);
    var scores = workers.scratch(worker, 4L * rows * scoresStride);
    var widened =
        inPlace ? MemorySegment.NULL : workers.scratch(worker, 4L * CacheReads.KEYS * headDim);
    readQueries(piece, kvHead, queries);
    multiplyRows(piece, kvHead, rows, queries, widened, scores, scoresStride);
    var first = row(kvHead, piece.slot());
    for (var i = 0; i < rows; i++) {
      var at = 4L * i * scoresStride;
      var greatest = kernels.max(scores, at, keys);
      var sum = kernels.expAndSum(greatest, scores, at, keys);
      partial.memory.set(JAVA_FLOAT, partial.greatestAt(first + i, headDim), greatest);
      partial.memory.set(JAVA_FLOAT, partial.weightAt(first + i, headDim), sum);
    }
    var sumsAt = partial.sumsAt(first, headDim);
    addRows(piece, kvHead, rows, scores, scoresStride, widened, partial.memory, sumsAt);
  }

  /** A piece's queries in binary32, times 1/√headDim. */
  private void readQueries(Piece piece, int kvHead, MemorySegment to) {
    var n = group * headDim;
    for (var i = 0; i < piece.queries().length; i++) {
      var at = ((long) piece.queries()[i] * q.columns() + (long) kvHead * n) * q.dtype().bytes();
      kernels.widen(q.dtype(), q.data(), at, to, 4L * i * n, n);
    }
    kernels.scale(scale, to, 0, piece.queries().length * n);
  }

  private void multiplyRows(
      Piece piece,
      int kvHead,
      int rows,
      MemorySegment queries,
      MemorySegment widened,
      MemorySegment scores,
      int scoresStride) {
    var read = read(k, piece, kvHead, widened);
    products.multiplyRows(
        rows,
        queries,
        0,
        headDim,
        read.type,
        read.memory,
        read.at,
        read.stride,
        piece.length(),
        scores,
        0,
        scoresStride);
  }

  private void addRows(
      Piece piece,
      int kvHead,
      int rows,
      MemorySegment weights,
      int weightsStride,
      MemorySegment widened,
      MemorySegment sums,
      long sumsAt) {
    var read = read(v, piece, kvHead, widened);
    products.addRows(
        rows,
        weights,
        0,
        weightsStride,
        headDim,
        read.type,
        read.memory,
        read.at,
        read.stride,
        piece.length(),
        sums,
        sumsAt);
  }

  /** Rows of one head, {@code stride} bytes apart. */
  private record Rows(DType type, MemorySegment memory, long at, long stride) {}

  /** A piece's keys or values, where they are or widened. */
  private Rows read(Tensor x, Piece piece, int kvHead, MemorySegment widened) {
    var type = x.dtype();
    var stride = (long) x.columns() * type.bytes();
    var at = piece.start() * stride + (long) kvHead * headDim * type.bytes();
    if (inPlace) {
      return new Rows(type, x.data(), at, stride);
    }
    for (var i = 0; i < piece.length(); i++) {
      kernels.widen(type, x.data(), at + i * stride, widened, 4L * i * headDim, headDim);
    }
    return new Rows(DType.F32, widened, 0, 4L * headDim);
  }

  /** Joins what the pieces left for a query and the heads of a group, in the place of the first. */
  private void join(int index, int kvHead, int worker, Partial partial, Tensor y) {
    var slots = reads.slots(index);
    var factors = device.workers().scratch(worker, 4L * slots.length);
    var first = row(kvHead, slots[0]);
    for (var i = 0; i < group; i++) {
      var weight =
          slots.length == 1
              ? partial.memory.get(JAVA_FLOAT, partial.weightAt(first, headDim) + 4L * i)
              : addOthers(slots, kvHead, i, factors, partial);
      kernels.scale(1 / weight, partial.memory, partial.sumsAt(first + i, headDim), headDim);
    }
    var n = group * headDim;
    var to = ((long) reads.queries()[index] * y.columns() + (long) kvHead * n) * y.dtype().bytes();
    kernels.narrow(y.dtype(), partial.memory, partial.sumsAt(first, headDim), y.data(), to, n);
  }

  /**
   * Adds the sums of all slots to those of the first, for head i of a group; returns the weight.
   */
  private float addOthers(int[] slots, int kvHead, int i, MemorySegment factors, Partial partial) {
    for (var j = 0; j < slots.length; j++) {
      var at = partial.greatestAt(row(kvHead, slots[j]) + i, headDim);
      factors.setAtIndex(JAVA_FLOAT, j, partial.memory.get(JAVA_FLOAT, at));
    }
    kernels.expAndSum(kernels.max(factors, 0, slots.length), factors, 0, slots.length);
    var sumsAt = partial.sumsAt(row(kvHead, slots[0]) + i, headDim);
    kernels.scale(factors.get(JAVA_FLOAT, 0), partial.memory, sumsAt, headDim);
    var weight = 0f;
    for (var j = 0; j < slots.length; j++) {
      var from = row(kvHead, slots[j]) + i;
      var factor = factors.getAtIndex(JAVA_FLOAT, j);
      weight += factor * partial.memory.get(JAVA_FLOAT, partial.weightAt(from, headDim));
      if (j > 0) {
        var othersAt = partial.sumsAt(from, headDim);
        kernels.addScaled(factor, partial.memory, othersAt, partial.memory, sumsAt, headDim);
      }
    }
    return weight;
  }
}
