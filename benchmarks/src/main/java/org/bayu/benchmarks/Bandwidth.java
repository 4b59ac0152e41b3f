package org.bayu.benchmarks;

import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A second figure for a benchmark that reports operations a second: GB/s, read and written. */
@AuxCounters(AuxCounters.Type.OPERATIONS)
@State(Scope.Thread)
public class Bandwidth {
  /** 10⁹ bytes; JMH divides them by the seconds. */
  public double gbPerSecond;

  /** Counts the bytes of one call. */
  void add(long bytes) {
    gbPerSecond += bytes * 1e-9;
  }
}
