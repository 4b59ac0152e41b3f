package org.bayu.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A second figure for a benchmark that reports operations a second: GFLOP/s. */
@AuxCounters(AuxCounters.Type.OPERATIONS)
@State(Scope.Thread)
public class Gflops {
  /** 10⁹ additions and multiplications; JMH divides them by the seconds. */
  public double gflops;

  /** Counts the work of one call. */
  void add(double flops) {
    gflops += flops * 1e-9;
  }
}
