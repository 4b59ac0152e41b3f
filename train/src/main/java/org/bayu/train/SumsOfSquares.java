package org.bayu.train;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.IntPredicate;
import org.bayu.collectives.Communicator;
import org.bayu.tensor.Device;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.optim.ExactSum;
import org.bayu.tensor.optim.GradientClip;
import org.bayu.tensor.optim.Shard;

/** Σ g² of each gradient, over all that have a part of it. */
final class SumsOfSquares implements AutoCloseable {
  private final Arena arena = Arena.ofShared();
  private final int gradients;
  private final MemorySegment sums;
  private final MemorySegment all;

  /**
   * Memory for sums.
   *
   * @param ranks the most that have parts of a gradient
   */
  SumsOfSquares(int gradients, int ranks) {
    this.gradients = gradients;
    sums = arena.allocate(gradients * ExactSum.BYTES, Long.BYTES);
    all = arena.allocate(sums.byteSize() * ranks, Long.BYTES);
  }

  /** Takes those of what this process has. */
  void compute(Device device, Gradients of, Shard part) {
    GradientClip.sumsOfSquares(device, of, part, sums);
  }

  /**
   * Adds what other ranks have. Collective.
   *
   * @param isDivided whether they have other parts of a gradient
   */
  void add(Communicator ranks, IntPredicate isDivided) {
    var gathered = all.asSlice(0, sums.byteSize() * ranks.size());
    ranks.allGather(sums, gathered);
    for (var r = 0; r < ranks.size(); r++) {
      for (var i = 0; i < gradients; i++) {
        if (r != ranks.rank() && isDivided.test(i)) {
          ExactSum.add(sum(sums, i), sum(gathered.asSlice(r * sums.byteSize()), i));
        }
      }
    }
  }

  /** The sums. */
  double[] values() {
    var values = new double[gradients];
    for (var i = 0; i < gradients; i++) {
      values[i] = ExactSum.value(sum(sums, i));
    }
    return values;
  }

  private static MemorySegment sum(MemorySegment of, int gradient) {
    return of.asSlice(gradient * ExactSum.BYTES, ExactSum.BYTES);
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
