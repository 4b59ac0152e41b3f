package org.bayu.tensor.autograd;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.bayu.tensor.SplitMix64.GAMMA;
import static org.bayu.tensor.SplitMix64.mix;

import java.lang.foreign.MemorySegment;
import java.util.Locale;
import org.bayu.tensor.ShapeException;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;

/**
 * y = x · mask / (1 − p), where an element of the mask is 0 with probability p, else 1. Srivastava
 * et al. 2014, "Dropout".
 *
 * <p>The mask is a function of a key, a number for the row, and the column. It is therefore the
 * same if a block is computed again or a batch is cut differently, and it is never stored. The
 * caller decides whether to drop at all; see {@link Tape#training}.
 */
public final class Dropout {
  private Dropout() {}

  /**
   * A key made of the numbers that distinguish masks, such as seed, step and layer. Their order
   * matters.
   */
  public static long key(long... parts) {
    var key = 0L;
    for (var part : parts) {
      key = mix(key + GAMMA + mix(part + GAMMA));
    }
    return key;
  }

  /**
   * Drops elements of {@code x} [T, D] with probability {@code p}; x itself if p is 0.
   *
   * @param key see {@link #key}
   * @param rows a number for each row of x, the same for the same token of the same example; must
   *     not be changed before the backward pass
   * @throws ShapeException if there is not one number for each row
   * @throws IllegalArgumentException unless 0 ≤ p &lt; 1
   */
  public static Variable apply(Tape tape, Variable x, float p, long key, long[] rows) {
    return apply(tape, x, p, key, rows, 0);
  }

  /**
   * The same for some columns of a wider x: an element has the mask that it has there.
   *
   * @param firstColumn of x in the wider one
   */
  public static Variable apply(
      Tape tape, Variable x, float p, long key, long[] rows, int firstColumn) {
    var in = x.value();
    if (in.shape().rank() != 2 || rows.length != in.dim(0)) {
      throw new ShapeException(
          String.format(Locale.ROOT, "dropout: x %s, %d row numbers", in, rows.length));
    }
    if (!(p >= 0 && p < 1)) {
      throw new IllegalArgumentException("dropout: probability " + p);
    }
    if (p == 0) {
      return x;
    }
    return tape.record(
        "Dropout",
        dropped(tape, x, p, key, rows, firstColumn),
        x.requiresGradient(),
        () -> dropped(tape, x, p, key, rows, firstColumn),
        dy -> {
          var target = tape.target(x);
          if (target != null) {
            mask(tape, dy.tensor(), p, key, rows, firstColumn, target);
          }
        });
  }

  private static Tensor dropped(
      Tape tape, Variable x, float p, long key, long[] rows, int firstColumn) {
    var in = x.value();
    var y = tape.allocate(in.dtype(), in.shape().dims());
    mask(tape, in, p, key, rows, firstColumn, new GradientTarget(y, false));
    return y;
  }

  private static void mask(
      Tape tape, Tensor x, float p, long key, long[] rows, int firstColumn, GradientTarget target) {
    var device = tape.device();
    var columns = x.columns();
    var xs = new FloatInput(device, x, columns);
    var ys = new FloatOutput(device, target, columns);
    Split.rows(
        device,
        x.rows(),
        columns,
        (from, to, worker) -> {
          var mask = device.workers().scratch(worker, 4L * columns);
          var xData = xs.memory(worker);
          var yData = ys.memory(worker);
          for (var row = from; row < to; row++) {
            fill(mask, firstColumn, columns, p, mix(key + mix(rows[row] + GAMMA)));
            var first = (long) row * columns;
            var xAt = xs.read(xData, first, columns);
            device.kernels().multiply(xData, xAt, mask, 0, yData, ys.at(first), columns);
            ys.store(yData, first, columns);
          }
        });
  }

  /**
   * Columns of a row of 0 and 1/(1 − p): 32 random bits an element, two elements of a number that
   * is drawn from a counter.
   */
  private static void fill(MemorySegment mask, int first, int n, float p, long state) {
    var threshold = (long) (p * 0x1p32);
    var kept = 1 / (1 - p);
    // From an even element on, perhaps that before the first column.
    for (var i = -(first % 2); i < n; i += 2) {
      var bits = mix(state + ((first + i) / 2 + 1) * GAMMA);
      if (i >= 0) {
        mask.setAtIndex(JAVA_FLOAT, i, (bits >>> 32) < threshold ? 0 : kept);
      }
      if (i + 1 < n) {
        mask.setAtIndex(JAVA_FLOAT, i + 1, (bits & 0xFFFF_FFFFL) < threshold ? 0 : kept);
      }
    }
  }
}
