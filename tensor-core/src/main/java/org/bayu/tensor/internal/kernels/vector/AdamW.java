package org.bayu.tensor.internal.kernels.vector;

import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;
import static org.bayu.tensor.internal.kernels.vector.Lanes.load;
import static org.bayu.tensor.internal.kernels.vector.Lanes.store;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.bayu.tensor.internal.kernels.Kernels.AdamWScalars;
import org.bayu.tensor.internal.kernels.ScalarKernels;

/** The optimizer's update, operation by operation as the scalar kernel does it: the same bits. */
final class AdamW {
  private AdamW() {}

  static void update(
      MemorySegment parameter,
      long parameterAt,
      MemorySegment gradient,
      long gradientAt,
      MemorySegment m,
      long mAt,
      MemorySegment v,
      long vAt,
      int n,
      AdamWScalars scalars) {
    Lanes.requireNative(parameter, gradient);
    Lanes.requireNative(m, v);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var g = load(gradient, gradientAt, i).mul(scalars.gradientScale());
      var p = load(parameter, parameterAt, i);
      var mNext = firstMoment(g, load(m, mAt, i), scalars);
      var vNext = secondMoment(g, load(v, vAt, i), scalars);
      store(step(p, mNext, vNext, scalars), parameter, parameterAt, i);
      store(mNext, m, mAt, i);
      store(vNext, v, vAt, i);
    }
    if (i < n) {
      var done = 4L * i;
      ScalarKernels.INSTANCE.adamW(
          parameter,
          parameterAt + done,
          gradient,
          gradientAt + done,
          m,
          mAt + done,
          v,
          vAt + done,
          n - i,
          scalars);
    }
  }

  private static FloatVector firstMoment(FloatVector g, FloatVector m, AdamWScalars scalars) {
    return m.mul(scalars.beta1()).add(g.mul(1 - scalars.beta1()));
  }

  private static FloatVector secondMoment(FloatVector g, FloatVector v, AdamWScalars scalars) {
    return v.mul(scalars.beta2()).add(g.mul(1 - scalars.beta2()).mul(g));
  }

  private static FloatVector step(
      FloatVector p, FloatVector m, FloatVector v, AdamWScalars scalars) {
    var root = v.mul(scalars.vScale()).lanewise(VectorOperators.SQRT);
    var direction =
        m.mul(scalars.mScale()).div(root.add(scalars.epsilon())).add(p.mul(scalars.decay()));
    return p.sub(direction.mul(scalars.learningRate()));
  }
}
