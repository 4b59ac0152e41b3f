package org.bayu.tensor.internal.kernels.vector;

import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static jdk.incubator.vector.FloatVector.fromMemorySegment;
import static org.bayu.tensor.internal.kernels.vector.Lanes.F32;
import static org.bayu.tensor.internal.kernels.vector.Lanes.LENGTH;

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
      MemorySegment gradient,
      MemorySegment m,
      MemorySegment v,
      long at,
      int n,
      AdamWScalars scalars) {
    Lanes.requireNative(parameter, gradient);
    Lanes.requireNative(m, v);
    var i = 0;
    for (; i <= n - LENGTH; i += LENGTH) {
      var here = at + 4L * i;
      var g = fromMemorySegment(F32, gradient, here, LITTLE_ENDIAN).mul(scalars.gradientScale());
      var p = fromMemorySegment(F32, parameter, here, LITTLE_ENDIAN);
      var mNext = firstMoment(g, fromMemorySegment(F32, m, here, LITTLE_ENDIAN), scalars);
      var vNext = secondMoment(g, fromMemorySegment(F32, v, here, LITTLE_ENDIAN), scalars);
      step(p, mNext, vNext, scalars).intoMemorySegment(parameter, here, LITTLE_ENDIAN);
      mNext.intoMemorySegment(m, here, LITTLE_ENDIAN);
      vNext.intoMemorySegment(v, here, LITTLE_ENDIAN);
    }
    if (i < n) {
      ScalarKernels.INSTANCE.adamW(parameter, gradient, m, v, at + 4L * i, n - i, scalars);
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
