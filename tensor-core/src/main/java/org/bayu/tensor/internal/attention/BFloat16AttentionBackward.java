package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.jspecify.annotations.Nullable;

/**
 * The backward pass of {@link BFloat16Attention}, with the formulas of {@link AttentionBackward}.
 *
 * <p>A task has a key-value head and its pieces of keys, one after another: it stores dk and dv of
 * each and adds to dq. Where these heads are too few to be all tasks, the heads of queries that
 * share one are dealt out, to a number of tasks that depends on the heads alone, and the parts of
 * dk and dv are added in the end.
 */
public final class BFloat16AttentionBackward {
  /** Tasks that suffice for any number of threads. */
  private static final int MANY_TASKS = 16;

  private final BFloat16Attention call;
  private final CpuDevice device;
  private final AttentionTiles tiles;
  private final int heads;
  private final int group;
  private final int parts;
  private final Tensor dy;
  private final @Nullable GradientTarget dq;
  private final @Nullable GradientTarget dk;
  private final @Nullable GradientTarget dv;
  private final FloatOutput dqs;
  private final FloatOutput dks;
  private final FloatOutput dvs;

  /**
   * Will add to the gradients that are wanted. Where dq is dk's or dv's, too, there is one head of
   * queries for one of keys, and it is stored after them.
   */
  public BFloat16AttentionBackward(
      BFloat16Attention call,
      Tensor dy,
      @Nullable GradientTarget dq,
      @Nullable GradientTarget dk,
      @Nullable GradientTarget dv) {
    this.call = call;
    this.device = call.device();
    this.tiles = call.tiles();
    this.heads = call.heads();
    this.group = call.group();
    this.parts = Math.clamp(MANY_TASKS / call.kvHeads(), 1, group);
    this.dy = dy;
    this.dq = dq;
    this.dk = dk;
    this.dv = dv;
    this.dqs = new FloatOutput(device, dq, call.headDim());
    this.dks = new FloatOutput(device, dk, call.headDim());
    this.dvs = new FloatOutput(device, dv, call.headDim());
  }

  /** Adds to them, given what the forward pass computed. */
  public void run(Tensor y, Tensor logSumExp) {
    zeroUnseen(dk);
    zeroUnseen(dv);
    device
        .workers()
        .withScratch(
            heads * termsBytes(),
            terms -> {
              computeTerms(y, logSumExp, terms);
              if (parts == 1) {
                runHeads(terms, MemorySegment.NULL);
              } else {
                device
                    .workers()
                    .withScratch(
                        parts * partBytes(),
                        sums -> {
                          runHeads(terms, sums);
                          addParts(sums);
                        });
              }
            });
  }

  private KeyValueGradients[] headOfWorkers(MemorySegment terms) {
    var ofWorker = new KeyValueGradients[device.workers().threads()];
    for (var i = 0; i < ofWorker.length; i++) {
      ofWorker[i] = new KeyValueGradients(call, i, dy, terms, dq != null);
    }
    return ofWorker;
  }

  /**
   * Computes all gradients.
   *
   * @param sums where the parts of dk and dv go if there are several
   */
  private void runHeads(MemorySegment terms, MemorySegment sums) {
    var bytes = call.querySumsBytes();
    var ofWorker = headOfWorkers(terms);
    device
        .workers()
        .run(
            parts * call.kvHeads(),
            (index, worker) -> {
              var part = index % parts;
              var kvHead = index / parts;
              var first = kvHead * group + part * group / parts;
              var end = kvHead * group + (part + 1) * group / parts;
              var querySums = device.workers().scratch(worker, (end - first) * bytes);
              var gradients = ofWorker[worker];
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
                var at = (head - first) * bytes;
                store(
                    querySums,
                    at,
                    call.q().rows(),
                    dq,
                    dqs,
                    call.queryAt(0, head),
                    call.scale(),
                    worker);
              }
            });
  }

  private void storePieces(KeyValueGradients gradients, int kvHead, int worker) {
    var pieceBytes = tiles.block() * call.sumsStride();
    var sums = device.workers().scratch(worker, 2 * pieceBytes);
    for (var piece = 0; piece < tiles.pieces(); piece++) {
      gradients.addPiece(piece, sums, 0, pieceBytes);
      storeKeys(sums, 0, pieceBytes, piece, kvHead, worker);
    }
  }

  /** Adds the parts of dk and dv, in their order. */
  private void addParts(MemorySegment sums) {
    if (dk == null && dv == null) {
      return;
    }
    Split.rows(
        device,
        call.kvHeads() * tiles.pieces(),
        (index, end, worker) -> {
          var kvHead = index / tiles.pieces();
          var piece = index % tiles.pieces();
          var n = Math.toIntExact(tiles.keys(piece) * call.sumsStride() / 4);
          var keysAt = keySumsAt(0, piece, kvHead);
          var valuesAt = keysAt + keysBytes();
          for (var part = 1; part < parts; part++) {
            var kernels = device.kernels();
            var from = keySumsAt(part, piece, kvHead);
            kernels.add(sums, keysAt, sums, from, sums, keysAt, n);
            kernels.add(sums, valuesAt, sums, from + keysBytes(), sums, valuesAt, n);
          }
          storeKeys(sums, keysAt, valuesAt, piece, kvHead, worker);
        },
        1);
  }

  /** Bytes of a part: dk of all heads, then dv. */
  private long partBytes() {
    return 2 * keysBytes();
  }

  private long keysBytes() {
    return (long) call.kvHeads() * call.k().rows() * call.sumsStride();
  }

  private long keySumsAt(int part, int piece, int kvHead) {
    var row = (long) kvHead * call.k().rows() + tiles.keyStart(piece);
    return part * partBytes() + row * call.sumsStride();
  }

  private void storeKeys(
      MemorySegment sums, long keySumsAt, long valueSumsAt, int piece, int kvHead, int worker) {
    var rows = tiles.keys(piece);
    var at = call.keyAt(tiles.keyStart(piece), kvHead);
    store(sums, keySumsAt, rows, dk, dks, at, call.scale(), worker);
    store(sums, valueSumsAt, rows, dv, dvs, at, 1, worker);
  }

  /** Bytes of a head's terms: rows are read in pairs. */
  private long termsBytes() {
    return KeyValueGradients.termsBytes(call.q().rows());
  }

  /** Keys behind the last piece have no gradient. */
  private void zeroUnseen(@Nullable GradientTarget target) {
    if (target != null && !target.accumulate()) {
      target.tensor().slice(tiles.keyStart(tiles.pieces()), target.tensor().rows()).zero();
    }
  }

  /** For each head and row −log₂ of the sum and −dy·y. */
  private void computeTerms(Tensor y, Tensor logSumExp, MemorySegment terms) {
    var headDim = call.headDim();
    var columns = dy.columns();
    var ys = new FloatInput(device, y, columns);
    var dys = new FloatInput(device, dy, columns);
    Split.rows(
        device,
        dy.rows(),
        columns,
        (from, to, worker) -> {
          var yData = ys.memory(worker);
          var dyData = dys.memory(worker);
          for (var row = from; row < to; row++) {
            var yAt = ys.read(yData, (long) row * columns, columns);
            var dyAt = dys.read(dyData, (long) row * columns, columns);
            for (var head = 0; head < heads; head++) {
              var at = 4L * head * headDim;
              var product = device.kernels().dot(yData, yAt + at, dyData, dyAt + at, headDim);
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
      @Nullable GradientTarget target,
      FloatOutput out,
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
    var memory = out.memory(worker);
    for (var row = 0; row < rows; row++) {
      var rowAt = sumsAt + row * call.sumsStride();
      device.kernels().scale(factor, sums, rowAt, headDim);
      out.store(memory, at / 2 + (long) row * to.columns(), headDim, sums, rowAt);
    }
  }
}
