package org.bayu.tensor.autograd;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.machine.GuardedPages;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;

/**
 * Attention in bf16 over random forests, of random heads, between pages that nobody may touch, each
 * compared with double precision. A process of its own: a kernel that leaves its operands ends it.
 */
public final class AttentionStress {
  private static final int[] HEAD_DIMS = {2, 8, 16, 30, 64, 66, 80, 128, 256};

  private final Random random;
  private final List<GuardedPages> pages = new ArrayList<>();

  private AttentionStress(Random random) {
    this.random = random;
  }

  /** Arguments: seconds, seed. Prints how many were right. */
  public static void main(String[] arguments) {
    var end = System.nanoTime() + Long.parseLong(arguments[0]) * 1_000_000_000L;
    var seed = Long.parseLong(arguments[1]);
    var count = 0;
    var tiers =
        TestTiers.machine().stream().filter(kernels -> kernels.attention() != null).toList();
    while (System.nanoTime() < end) {
      for (var kernels : tiers) {
        try {
          new AttentionStress(new Random(seed + count)).check(kernels);
        } catch (AssertionError e) {
          throw new AssertionError("seed " + (seed + count), e);
        }
        count++;
      }
    }
    System.out.println(count + " attentions");
  }

  private void check(Kernels kernels) {
    var device = new CpuDevice(kernels, new WorkerPool(2));
    try (var fixture = new AttentionFixture(DType.BF16, device, random)) {
      var headDim = HEAD_DIMS[random.nextInt(HEAD_DIMS.length)];
      var longest = random.nextBoolean() ? 6 : 150;
      var segments = fixture.forest(1 + random.nextInt(6), longest);
      var rows = segments.queries();
      var group = 1 + random.nextInt(3);
      // With 7 heads of keys and 3 of queries for each, a task has one or two of these.
      var columns = (random.nextInt(4) == 0 ? 7 : 1 + random.nextInt(2)) * headDim;
      var q = place(rows, group * columns);
      var k = place(rows, columns);
      var v = place(rows, columns);
      var dy = place(rows, group * columns);
      fixture.requireEqualsOracle(q, k, v, dy, segments, headDim);
    } finally {
      pages.forEach(GuardedPages::close);
    }
  }

  /** Numbers whose last byte or first byte is beside a forbidden page. */
  private Tensor place(int rows, int columns) {
    var guarded = new GuardedPages(2L * rows * columns, random.nextBoolean());
    pages.add(guarded);
    var tensor = Tensor.of(guarded.memory(), DType.BF16, Shape.of(rows, columns));
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) random.nextGaussian());
    }
    return tensor;
  }
}
