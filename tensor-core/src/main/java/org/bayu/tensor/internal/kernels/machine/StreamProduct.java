package org.bayu.tensor.internal.kernels.machine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.gemm.GemmResult;
import org.bayu.tensor.internal.kernels.gemm.Matrix;
import org.bayu.tensor.internal.kernels.gemm.Term;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.bayu.tensor.internal.parallel.WorkerPool.Task;

/**
 * Products of few rows with a weight whose k lie side by side, as in generation: the weight streams
 * through the processor once. Each task takes some rows of the weight; the bits of a row of C
 * depend on that row of A and on B alone.
 */
final class StreamProduct {
  /**
   * Bytes of a weight that a task reads at most, for four rows of A or fewer: some tenths of a
   * millisecond.
   */
  private static final long MAX_TASK_BYTES = 4L << 20;

  /** Rows of a weight in a task, at least. */
  private static final int MIN_TASK_ROWS = 16;

  private static final Term[] NO_TERMS = {};

  private final Kernels kernels;
  private final WorkerPool workers;
  private final ProductCode code;
  private final Step step;
  private final GemmResult result;
  private final Consumer<MemorySegment> run = this::run;
  private final Task round = this::round;
  private final Task stream = this::stream;

  // The product under way.
  private int m;
  private int n;
  private Term[] terms = NO_TERMS;

  /** Where each task's rows of the weight begin, and where the last one's end. */
  private int[] starts = new int[64];

  /** Rows of A as steps of the product, term after term. */
  private MemorySegment few = MemorySegment.NULL;

  StreamProduct(Kernels kernels, WorkerPool workers, ProductCode code, GemmResult result) {
    this.kernels = kernels;
    this.workers = workers;
    this.code = code;
    step = code.shape().step();
    this.result = result;
  }

  /** Whether it is faster than packing. */
  boolean takes(int m, Term... terms) {
    for (var term : terms) {
      if (term.b().rowStride() != 1) {
        return false;
      }
    }
    return m <= code.shape().mostStreamRows() && terms.length > 0;
  }

  /** Computes a product whose result has begun. */
  void multiply(int m, int n, Term... terms) {
    this.m = m;
    this.n = n;
    this.terms = terms;
    var bytes = 0L;
    for (var term : terms) {
      bytes += m * rowBytes(term);
    }
    workers.withScratch(bytes, run);
    this.terms = NO_TERMS;
  }

  private void run(MemorySegment few) {
    this.few = few.fill((byte) 0);
    workers.run(1, round);
    workers.run(cut(), stream);
  }

  /**
   * Cuts the weight's rows into tasks; returns how many. A task takes some of what is left, so that
   * memory is read in long stretches, and yet the last tasks are short and the threads end
   * together.
   */
  private int cut() {
    var rowBytes = 1L;
    for (var term : terms) {
      rowBytes += (long) term.k() * term.b().dtype().bytes();
    }
    var most = MAX_TASK_BYTES / rowBytes / Math.ceilDiv(m, ProductCode.FEW);
    var tasks = 0;
    for (var row = 0; row < n; tasks++) {
      if (tasks + 1 == starts.length) {
        starts = Arrays.copyOf(starts, 2 * starts.length);
      }
      starts[tasks] = row;
      var some = (n - row) / (2 * workers.threads());
      var rows = (int) Math.max(MIN_TASK_ROWS, Math.min(some, most));
      row += rows / ProductCode.BLOCK * ProductCode.BLOCK;
    }
    starts[tasks] = n;
    return tasks;
  }

  /** Bytes of a row of A, rounded and filled up with zeros. */
  private long rowBytes(Term term) {
    return ((long) step.type().bytes() * term.k() + 63) / 64 * 64;
  }

  /** Makes steps of A's rows. */
  private void round(int task, int worker) {
    var at = 0L;
    for (var term : terms) {
      var line = workers.scratch(worker, 6L * term.k());
      for (var row = 0; row < m; row++) {
        round(term.a(), row, term.k(), line, at);
        at += rowBytes(term);
      }
    }
  }

  /** One row, through a line of F32 and one of BF16 behind it. */
  private void round(Matrix a, int row, int k, MemorySegment line, long to) {
    var type = step.type();
    if (a.dtype() == type && a.columnStride() == 1 && !step.isRounded()) {
      MemorySegment.copy(a.data(), a.byteAt(row, 0), few, to, (long) k * type.bytes());
      return;
    }
    widen(a, row, k, line);
    if (step.isRounded()) {
      kernels.narrow(DType.BF16, line, 0, line, 4L * k, k);
      kernels.widen(DType.BF16, line, 4L * k, few, to, k);
    } else {
      kernels.narrow(type, line, 0, few, to, k);
    }
  }

  private void widen(Matrix a, int row, int k, MemorySegment line) {
    if (a.columnStride() == 1) {
      kernels.widen(a.dtype(), a.data(), a.byteAt(row, 0), line, 0, k);
    } else {
      for (var l = 0; l < k; l++) {
        line.setAtIndex(JAVA_FLOAT, l, SlowPacking.get(a, a.byteAt(row, l)));
      }
    }
  }

  /** Some rows of the weight: columns of C. */
  private void stream(int task, int worker) {
    var first = starts[task];
    var rows = starts[task + 1] - first;
    var sums = workers.scratch(worker, 4L * m * rows);
    var fewAt = few.address();
    for (var i = 0; i < terms.length; i++) {
      var term = terms[i];
      code.stream(
          term.b().transposed(),
          first,
          rows,
          term.k(),
          fewAt,
          m,
          rowBytes(term),
          sums.address(),
          4L * rows,
          i > 0);
      fewAt += m * rowBytes(term);
    }
    result.store(0, m, first, rows, sums, 0, rows, worker);
  }
}
