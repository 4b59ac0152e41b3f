package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gradients.Target;
import org.bayu.tensor.internal.CpuDevice;
import org.jspecify.annotations.Nullable;

/**
 * The backward pass of {@link BFloat16Attention}, with the formulas of {@link AttentionBackward}.
 *
 * <p>A task has a key-value head and its pieces of keys, one after another: it stores dk and dv of
 * each and adds to dq. Where heads are too few to be all tasks, their pieces are dealt out, to a
 * number of tasks that depends on the heads alone, and dq's parts are added in the end.
 */
final class BFloat16AttentionBackward {
  /** Tasks that suffice for any number of threads. */
  private static final int MANY_TASKS = 16;

  private final BFloat16Attention call;
  private final CpuDevice device;
  private final AttentionTiles tiles;
  private final int heads;
  private final int group;
  private final int parts;
  private final Tensor dy;
  private final @Nullable Target dq;
  private final @Nullable Target dk;
  private final @Nullable Target dv;

  /** Will add to the gradients that are wanted; dq's is stored after all others. */
  BFloat16AttentionBackward(
      BFloat16Attention call,
      Tensor dy,
      @Nullable Target dq,
      @Nullable Target dk,
      @Nullable Target dv) {
    this.call = call;
    this.device = call.device();
    this.tiles = call.tiles();
    this.heads = call.heads();
    this.group = call.group();
    this.parts = Math.clamp(MANY_TASKS / call.kvHeads(), 1, Math.max(1, tiles.pieces()));
    this.dy = dy;
    this.dq = dq;
    this.dk = dk;
    this.dv = dv;
  }

  void run(Tensor y, Tensor logSumExp) {
    zeroUnseen(dk);
    zeroUnseen(dv);
    device
        .workers()
        .withScratch(
            heads * termsBytes(),
            terms -> {
              computeTerms(y, logSumExp, terms);
              if (parts == 1) {
                runWhole(terms);
              } else {
                device
                    .workers()
                    .withScratch(
                        parts * (heads * call.querySumsBytes()), sums -> runParts(terms, sums));
              }
            });
  }

  private void runWhole(MemorySegment terms) {
    var bytes = call.querySumsBytes();
    device
        .workers()
        .run(
            call.kvHeads(),
            (kvHead, worker) -> {
              var sums = device.workers().scratch(worker, group * bytes);
              runPart(0, kvHead, worker, terms, sums);
              for (var i = 0; i < group; i++) {
                storeQueries(sums, i * bytes, 0, call.q().rows(), kvHead * group + i, worker);
              }
            });
  }

  private void runPart(
      int part, int kvHead, int worker, MemorySegment terms, MemorySegment querySums) {
    var termsBytes = group * KeyValueGradients.termsBytes(dy.rows());
    var kvTerms = terms.asSlice(kvHead * termsBytes, termsBytes);
    var head =
        new KeyValueGradients(call, kvHead, worker, dy, kvTerms, dq == null ? null : querySums);
    for (var piece = part; piece < tiles.pieces(); piece += parts) {
      head.addPiece(piece);
      var rows = tiles.keys(piece);
      var at = call.keyAt(tiles.keyStart(piece), kvHead);
      store(head.keySums(), 0, rows, dk, at, call.scale(), worker);
      store(head.valueSums(), 0, rows, dv, at, 1, worker);
    }
  }

  private void runParts(MemorySegment terms, MemorySegment sums) {
    var bytes = call.querySumsBytes();
    device
        .workers()
        .run(
            parts * call.kvHeads(),
            (index, worker) -> {
              var part = index % parts;
              var kvHead = index / parts;
              var at = (part * call.kvHeads() + kvHead) * (group * bytes);
              runPart(part, kvHead, worker, terms, sums.asSlice(at, group * bytes));
            });
    if (dq == null) {
      return;
    }
    var stride = call.sumsStride();
    Split.rows(
        device,
        heads * tiles.blocks(),
        (index, end, worker) -> {
          var head = index / tiles.blocks();
          var block = index % tiles.blocks();
          var first = block * tiles.block();
          var at = head * bytes + first * stride;
          var n = (int) (tiles.rows(block) * stride / 4);
          for (var part = 1; part < parts; part++) {
            var from = at + part * (heads * bytes);
            device.kernels().add(sums, at, sums, from, sums, at, n);
          }
          storeQueries(sums, at, first, tiles.rows(block), head, worker);
        },
        1);
  }

  private void storeQueries(
      MemorySegment sums, long sumsAt, int first, int rows, int head, int worker) {
    store(sums, sumsAt, rows, dq, call.queryAt(first, head), call.scale(), worker);
  }

  /** Bytes of a head's terms: rows are read in pairs. */
  private long termsBytes() {
    return KeyValueGradients.termsBytes(call.q().rows());
  }

  /** Keys behind the last piece have no gradient. */
  private void zeroUnseen(@Nullable Target target) {
    if (target != null && !target.accumulate()) {
      target.tensor().slice(tiles.keyStart(tiles.pieces()), target.tensor().rows()).zero();
    }
  }

  /** For each head and row −log₂ of the sum and −dy·y. */
  private void computeTerms(Tensor y, Tensor logSumExp, MemorySegment terms) {
    var headDim = call.headDim();
    var columns = dy.columns();
    Split.rows(
        device,
        dy.rows(),
        columns,
        (from, to, worker) -> {
          var ys = new FloatInput(device, worker, y, columns);
          var dys = new FloatInput(device, worker, dy, columns);
          for (var row = from; row < to; row++) {
            ys.moveTo((long) row * columns, columns);
            dys.moveTo((long) row * columns, columns);
            for (var head = 0; head < heads; head++) {
              var at = 4L * head * headDim;
              var product =
                  device.kernels().dot(ys.data(), ys.at() + at, dys.data(), dys.at() + at, headDim);
              var log =
                  logSumExp.data().get(JAVA_FLOAT_UNALIGNED, 4 * ((long) head * dy.rows() + row));
              var term = head * termsBytes() + 8L * row;
              terms.set(JAVA_FLOAT, term, -log);
              terms.set(JAVA_FLOAT, term + 4, -product);
            }
          }
        });
  }

  /** Brings sums of rows of a head, times a factor, to a gradient, from byte {@code at} on. */
  private void store(
      MemorySegment sums,
      long sumsAt,
      int rows,
      @Nullable Target target,
      long at,
      float factor,
      int worker) {
    if (target == null) {
      return;
    }
    var to = target.tensor();
    var headDim = call.headDim();
    if (!target.accumulate()) {
      var factors = device.workers().scratch(worker, 4);
      factors.set(JAVA_FLOAT, 0, factor);
      var stride = 2L * to.columns();
      call.kernels().storeRows(rows, sums, sumsAt, factors, 0, headDim, to.data(), at, stride);
      return;
    }
    var out = new FloatOutput(device, worker, target, headDim);
    for (var row = 0; row < rows; row++) {
      var rowAt = sumsAt + row * call.sumsStride();
      device.kernels().scale(factor, sums, rowAt, headDim);
      out.moveTo(at / 2 + (long) row * to.columns(), headDim);
      out.store(sums, rowAt);
    }
  }
}
