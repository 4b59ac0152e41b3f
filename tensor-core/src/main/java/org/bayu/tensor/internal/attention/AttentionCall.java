package org.bayu.tensor.internal.attention;

import java.lang.foreign.MemorySegment;
import java.util.function.IntFunction;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;

/**
 * What one call of attention works on, and how its work is dealt out to the threads.
 *
 * @param q [T, H·headDim]
 * @param k [S, KV·headDim]
 * @param v [S, KV·headDim]
 */
record AttentionCall(
    CpuDevice device, Tensor q, Tensor k, Tensor v, AttentionTiles tiles, int headDim) {

  /** What one worker does with its own memory, for each pair of numbers that it is given. */
  @FunctionalInterface
  interface Task {
    void run(int first, int second);
  }

  /** H. */
  int heads() {
    return q.columns() / headDim;
  }

  /** KV. */
  int kvHeads() {
    return k.columns() / headDim;
  }

  /** Query heads for each key-value head. */
  int group() {
    return heads() / kvHeads();
  }

  /** 1/√headDim. */
  float scale() {
    return (float) (1 / Math.sqrt(headDim));
  }

  /** The element where a row of q, or of what has its shape, has a head. */
  long queryElement(int row, int head) {
    return (long) row * q.columns() + (long) head * headDim;
  }

  /** The element where a row of k or v has a head. */
  long keyElement(int row, int kvHead) {
    return (long) row * k.columns() + (long) kvHead * headDim;
  }

  /** Bytes of one head's {@linkplain AttentionArithmetic#backward terms}: rows go in pairs. */
  long termsBytes() {
    return 8L * (q.rows() + 1);
  }

  /** The byte of a row's terms. */
  long termAt(int head, int row) {
    return head * termsBytes() + 8L * row;
  }

  /** Memory of the task that {@code worker} runs. */
  MemorySegment scratch(int worker, long bytes) {
    return device.workers().scratch(worker, bytes);
  }

  /** Runs a task for each pair of numbers below {@code first} and {@code second}. */
  void run(int first, int second, IntFunction<Task> ofWorker) {
    var tasks = new Task[device.workers().threads()];
    for (var worker = 0; worker < tasks.length; worker++) {
      tasks[worker] = ofWorker.apply(worker);
    }
    device
        .workers()
        .run(first * second, (index, worker) -> tasks[worker].run(index / second, index % second));
  }

  /**
   * Runs a task for each block of queries and head. The last blocks, which see the most keys, go
   * first: those of all heads, or, where the heads' keys are packed, of one head after another, so
   * that the head's keys stay in the cache. A block without tiles is left out.
   */
  void runBlocks(boolean headByHead, IntFunction<Task> ofWorker) {
    var last = tiles.blocks() - 1;
    if (headByHead) {
      run(
          heads(),
          tiles.blocks(),
          worker -> {
            var task = ofWorker.apply(worker);
            return (head, index) -> runBlock(task, last - index, head);
          });
    } else {
      run(
          tiles.blocks(),
          heads(),
          worker -> {
            var task = ofWorker.apply(worker);
            return (index, head) -> runBlock(task, last - index, head);
          });
    }
  }

  private void runBlock(Task task, int block, int head) {
    if (tiles.ofBlock(block).length > 0) {
      task.run(block, head);
    }
  }
}
