package org.bayu.tensor.internal.elements;

import org.bayu.tensor.internal.CpuDevice;

/** Cuts work into tasks of a fixed size, the same for any number of threads. */
public final class Split {
  /** Elements of a task: some microseconds of work on memory that stays in the first caches. */
  public static final int ELEMENTS = 8192;

  private Split() {}

  /** Work on the elements {@code from} to {@code from + n − 1}. */
  @FunctionalInterface
  public interface ElementTask {
    void run(long from, int n, int worker);
  }

  /** Work on the rows {@code from} to {@code to − 1}. */
  @FunctionalInterface
  public interface RowTask {
    void run(int from, int to, int worker);
  }

  /** Runs {@code task} over all elements. */
  public static void elements(CpuDevice device, long elements, ElementTask task) {
    device
        .workers()
        .run(
            tasks(elements, ELEMENTS),
            (index, worker) -> {
              var from = (long) index * ELEMENTS;
              task.run(from, (int) Math.min(ELEMENTS, elements - from), worker);
            });
  }

  /** Runs {@code task} over all rows, some rows of {@code columns} elements at a time. */
  public static void rows(CpuDevice device, int rows, int columns, RowTask task) {
    rows(device, rows, task, Math.max(1, ELEMENTS / Math.max(1, columns)));
  }

  /** Runs {@code task} over all rows, {@code block} of them at a time. */
  public static void rows(CpuDevice device, int rows, RowTask task, int block) {
    device
        .workers()
        .run(
            tasks(rows, block),
            (index, worker) ->
                task.run(index * block, Math.min(rows, (index + 1) * block), worker));
  }

  /** Number of blocks that cover {@code n}. */
  public static int tasks(long n, int block) {
    return Math.toIntExact((n + block - 1) / block);
  }
}
