package org.bayu.tensor.internal.kernels.vector;

import jdk.incubator.vector.FloatVector;

/** Multiply-adds from registers alone, as many as the processor can do. */
final class FmaLoop {
  /** Enough to hide a latency of 4 or 5 cycles on two units, few enough for 16 registers. */
  private static final int ACCUMULATORS = 12;

  /** What the loop computes goes here, so that it is computed. */
  @SuppressWarnings("UnusedVariable") // being written is its purpose
  private static volatile float result;

  private FmaLoop() {}

  /** Does {@code steps} steps; returns their floating-point operations. */
  static double run(int steps) {
    result = multiplyAdd(steps, 1.0f, 0.5f);
    return 2.0 * ACCUMULATORS * Lanes.LENGTH * steps;
  }

  private static float multiplyAdd(int steps, float x, float y) {
    var a = FloatVector.broadcast(Lanes.F32, x);
    var b = FloatVector.broadcast(Lanes.F32, y);
    var c0 = FloatVector.broadcast(Lanes.F32, 0);
    var c1 = FloatVector.broadcast(Lanes.F32, 1);
    var c2 = FloatVector.broadcast(Lanes.F32, 2);
    var c3 = FloatVector.broadcast(Lanes.F32, 3);
    var c4 = FloatVector.broadcast(Lanes.F32, 4);
    var c5 = FloatVector.broadcast(Lanes.F32, 5);
    var c6 = FloatVector.broadcast(Lanes.F32, 6);
    var c7 = FloatVector.broadcast(Lanes.F32, 7);
    var c8 = FloatVector.broadcast(Lanes.F32, 8);
    var c9 = FloatVector.broadcast(Lanes.F32, 9);
    var c10 = FloatVector.broadcast(Lanes.F32, 10);
    var c11 = FloatVector.broadcast(Lanes.F32, 11);
    for (var i = 0; i < steps; i++) {
      c0 = a.fma(b, c0);
      c1 = a.fma(b, c1);
      c2 = a.fma(b, c2);
      c3 = a.fma(b, c3);
      c4 = a.fma(b, c4);
      c5 = a.fma(b, c5);
      c6 = a.fma(b, c6);
      c7 = a.fma(b, c7);
      c8 = a.fma(b, c8);
      c9 = a.fma(b, c9);
      c10 = a.fma(b, c10);
      c11 = a.fma(b, c11);
    }
    var sum0 = c0.add(c1).add(c2).add(c3);
    var sum1 = c4.add(c5).add(c6).add(c7);
    var sum2 = c8.add(c9).add(c10).add(c11);
    return sum0.add(sum1).add(sum2).lane(0);
  }
}
