package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;

/**
 * The backward pass of {@link BFloat16Attention}, all gradients in one.
 *
 * <p>A task has a key-value head and its pieces of keys, one after another: it stores dk and dv of
 * each and adds to dq. Where these heads are too few to be all tasks, the heads of queries that
 * share one are dealt out, to a number of tasks that depends on the heads alone, and the parts of
 * dk and dv are added in the end.
 */
final class BFloat16Backward {
  /** Tasks that suffice for any number of threads. */
  private static final int MANY_TASKS = 16;

  private final BFloat16Attention attention;
  private final AttentionCall call;
  private final AttentionTiles tiles;
  private final long sumsStride;
  private final int group;
  private final int parts;
  private final Tensor dy;
  private final MemorySegment terms;
  private final HeadGradient dq;
  private final HeadGradient dk;
  private final HeadGradient dv;

  /** Where dq is dk's or dv's, too, it is stored after them. */
  BFloat16Backward(
      BFloat16Attention attention,
      Tensor dy,
      MemorySegment terms,
      HeadGradient dq,
      HeadGradient dk,
      HeadGradient dv) {
    this.attention = attention;
    this.call = attention.call();
    this.tiles = call.tiles();
    this.sumsStride = attention.sumsStride();
    this.group = call.group();
    this.parts = Math.clamp(MANY_TASKS / call.kvHeads(), 1, group);
    this.dy = dy;
    this.terms = terms;
    this.dq = dq;
    this.dk = dk;
    this.dv = dv;
  }

  void run() {
    if (parts == 1) {
      runHeads(MemorySegment.NULL);
    } else {
      call.device()
          .workers()
          .withScratch(
              parts * partBytes(),
              sums -> {
                runHeads(sums);
                addParts(sums);
              });
    }
  }

  /**
   * Computes all gradients.
   *
   * @param sums where the parts of dk and dv go if there are several
   */
  private void runHeads(MemorySegment sums) {
    call.run(
        call.kvHeads(),
        parts,
        worker -> {
          var gradients = new KeyValueGradients(attention, worker, dy, terms, dq.isWanted());
          return (kvHead, part) -> runPart(gradients, kvHead, part, sums, worker);
        });
  }

  private void runPart(
      KeyValueGradients gradients, int kvHead, int part, MemorySegment sums, int worker) {
    var first = kvHead * group + part * group / parts;
    var end = kvHead * group + (part + 1) * group / parts;
    var bytes = attention.querySumsBytes();
    var querySums = call.scratch(worker, (end - first) * bytes);
    gradients.begin(first, end - first, querySums);
    if (parts == 1) {
      storePieces(gradients, kvHead, worker);
    } else {
      for (var piece = 0; piece < tiles.pieces(); piece++) {
        var keysAt = keySumsAt(part, piece, kvHead);
        gradients.addPiece(piece, sums, keysAt, keysAt + keysBytes());
      }
    }
    for (var head = first; head < end; head++) {
      store(worker, dq, head, 0, call.q().rows(), call.scale(), querySums, (head - first) * bytes);
    }
  }

  private void storePieces(KeyValueGradients gradients, int kvHead, int worker) {
    var pieceBytes = tiles.block() * sumsStride;
    var sums = call.scratch(worker, 2 * pieceBytes);
    for (var piece = 0; piece < tiles.pieces(); piece++) {
      gradients.addPiece(piece, sums, 0, pieceBytes);
      storeKeys(sums, 0, pieceBytes, piece, kvHead, worker);
    }
  }

  /** Adds the parts of dk and dv, in their order. */
  private void addParts(MemorySegment sums) {
    if (!dk.isWanted() && !dv.isWanted()) {
      return;
    }
    var kernels = call.device().kernels();
    call.run(
        call.kvHeads(),
        tiles.pieces(),
        worker ->
            (kvHead, piece) -> {
              var n = Math.toIntExact(tiles.keys(piece) * sumsStride / 4);
              var keysAt = keySumsAt(0, piece, kvHead);
              var valuesAt = keysAt + keysBytes();
              for (var part = 1; part < parts; part++) {
                var from = keySumsAt(part, piece, kvHead);
                kernels.add(sums, keysAt, sums, from, sums, keysAt, n);
                kernels.add(sums, valuesAt, sums, from + keysBytes(), sums, valuesAt, n);
              }
              storeKeys(sums, keysAt, valuesAt, piece, kvHead, worker);
            });
  }

  /** Bytes of a part: dk of all heads, then dv. */
  private long partBytes() {
    return 2 * keysBytes();
  }

  private long keysBytes() {
    return (long) call.kvHeads() * call.k().rows() * sumsStride;
  }

  private long keySumsAt(int part, int piece, int kvHead) {
    var row = (long) kvHead * call.k().rows() + tiles.keyStart(piece);
    return part * partBytes() + row * sumsStride;
  }

  private void storeKeys(
      MemorySegment sums, long keySumsAt, long valueSumsAt, int piece, int kvHead, int worker) {
    var first = tiles.keyStart(piece);
    var rows = tiles.keys(piece);
    store(worker, dk, kvHead, first, rows, call.scale(), sums, keySumsAt);
    store(worker, dv, kvHead, first, rows, 1, sums, valueSumsAt);
  }

  /** Brings sums, times {@code factor}, to a head's rows from {@code first} on. */
  private void store(
      int worker,
      HeadGradient gradient,
      int head,
      int first,
      int rows,
      float factor,
      MemorySegment sums,
      long at) {
    var to = gradient.overwritten();
    if (to == null) {
      gradient.store(worker, head, first, rows, factor, sums, at, sumsStride);
      return;
    }
    var headDim = call.headDim();
    var factors = call.scratch(worker, 4);
    factors.set(JAVA_FLOAT, 0, factor);
    var stride = 2L * to.columns();
    var toAt = first * stride + 2L * head * headDim;
    attention.kernels().storeRows(rows, sums, at, factors, 0, headDim, to.data(), toAt, stride);
  }
}
