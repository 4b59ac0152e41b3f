package org.bayu.tensor.internal.elements;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * The softmax and the loss of rows of logits, F32, one after the other. A row's gradient takes the
 * place of its logits: of type BF16, where products with it round it anyhow, their first half.
 */
public final class CrossEntropyRows {
  private final WorkerPool workers;
  private final Kernels kernels;

  /** Where there are none or gradients are F32, null. */
  private final @Nullable BFloat16Kernels loops;

  private final TargetGroups groups;
  private final Targets targets;
  private final int classes;
  private final DType type;
  private final boolean gradients;

  /**
   * Rows for these targets.
   *
   * @param classes logits of a row
   * @param type of the gradients, F32 or BF16
   * @param gradients whether they are asked for
   */
  public CrossEntropyRows(
      CpuDevice device,
      TargetGroups groups,
      Targets targets,
      int classes,
      DType type,
      boolean gradients) {
    workers = device.workers();
    kernels = device.kernels();
    loops = type == DType.BF16 ? kernels.bfloat16Loops() : null;
    this.groups = groups;
    this.targets = targets;
    this.classes = classes;
    this.type = type;
    this.gradients = gradients;
  }

  /** Σ of r rows' losses in their order; the first row's targets are those of {@code group}. */
  public double sum(int group, int r, MemorySegment logits) {
    var sum = new double[1];
    workers.withScratch(
        JAVA_DOUBLE.byteSize() * r,
        losses -> {
          workers.run(
              r,
              (index, worker) ->
                  losses.setAtIndex(JAVA_DOUBLE, index, row(group + index, logits, index, worker)));
          for (var i = 0; i < r && !workers.isIdle(); i++) {
            sum[0] += losses.getAtIndex(JAVA_DOUBLE, i);
          }
        });
    return sum[0];
  }

  private double row(int group, MemorySegment logits, int index, int worker) {
    var at = 4L * classes * index;
    var start = groups.start(group);
    var end = groups.start(group + 1);
    var totalWeight = 0.0;
    var targetLogits = 0.0;
    for (var i = start; i < end; i++) {
      totalWeight += weight(i);
      targetLogits += weight(i) * logits.get(JAVA_FLOAT, at + 4L * targetClass(i));
    }
    var max = kernels.max(logits, at, classes);
    double sum;
    if (loops == null) {
      sum = kernels.expAndSum(max, logits, at, classes);
      if (gradients) {
        gradient(start, end, (float) (totalWeight / sum), logits, at);
      }
    } else {
      sum = loops.sumOfExp(max, logits, at, classes);
      if (gradients) {
        var before = workers.scratch(worker, 4L * (end - start));
        bfloat16Gradient(loops, start, end, max, totalWeight / sum, logits, at, before);
      }
    }
    return totalWeight * (max + Math.log(sum)) - targetLogits;
  }

  /** Σ weight · (softmax − 1 at the class), of exponentials. */
  private void gradient(int start, int end, float factor, MemorySegment logits, long at) {
    kernels.scale(factor, logits, at, classes);
    for (var i = start; i < end; i++) {
      var place = at + 4L * targetClass(i);
      logits.set(JAVA_FLOAT, place, (float) (logits.get(JAVA_FLOAT, place) - weight(i)));
    }
    if (type != DType.F32) {
      kernels.narrow(type, logits, at, logits, at, classes);
    }
  }

  /** The same, of logits; {@code before} is to keep those of the targets. */
  private void bfloat16Gradient(
      BFloat16Kernels loops,
      int start,
      int end,
      float max,
      double factor,
      MemorySegment logits,
      long at,
      MemorySegment before) {
    for (var i = start; i < end; i++) {
      var logit = logits.get(JAVA_FLOAT, at + 4L * targetClass(i));
      before.setAtIndex(JAVA_FLOAT, i - start, logit);
    }
    loops.scaledExp(max, (float) factor, logits, at, logits, at, classes);
    for (var i = start; i < end; i++) {
      var gradient = factor * StrictMath.exp(before.getAtIndex(JAVA_FLOAT, i - start) - max);
      for (var j = start; j < end; j++) {
        gradient -= targetClass(j) == targetClass(i) ? weight(j) : 0;
      }
      before.setAtIndex(JAVA_FLOAT, i - start, (float) gradient);
      var place = at + (long) type.bytes() * targetClass(i);
      kernels.narrow(type, before, 4L * (i - start), logits, place, 1);
    }
  }

  private int targetClass(int place) {
    return targets.classes()[groups.target(place)];
  }

  private double weight(int place) {
    return targets.weights()[groups.target(place)];
  }
}
