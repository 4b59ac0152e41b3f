package org.bayu.tensor.internal;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import org.bayu.tensor.OpTime;
import org.bayu.tensor.OpTime.Pass;

/**
 * Adds up where a device's time goes. Ops follow each other on one thread, so what passed since the
 * last one ended belongs to the one that ends now. Off until {@link #start}.
 */
public final class OpClock {
  private final LongSupplier busyNanos;
  private final DoubleSupplier productFlops;
  private final Map<Key, Sum> sums = new HashMap<>();
  private boolean running;
  private long lastNanos;
  private long lastBusyNanos;
  private double lastFlops;
  private double otherFlops;

  private record Key(String op, Pass pass) {}

  private static final class Sum {
    private long calls;
    private long nanos;
    private long busyNanos;
    private double flops;
  }

  /**
   * A clock.
   *
   * @param busyNanos that the device's threads have computed so far, all added up
   * @param productFlops of the device's matrix products so far
   */
  public OpClock(LongSupplier busyNanos, DoubleSupplier productFlops) {
    this.busyNanos = busyNanos;
    this.productFlops = productFlops;
  }

  /** Begins to count, from zero. */
  public void start() {
    sums.clear();
    running = true;
    look(new Sum());
  }

  /** Operations so far, whether it counts time or not. */
  public double flops() {
    return productFlops.getAsDouble() + otherFlops;
  }

  /** Whether it counts. */
  public boolean running() {
    return running;
  }

  /** Operations that no product of the device's counts. */
  public void addFlops(double flops) {
    otherFlops += flops;
  }

  /** An op ends here. */
  public void lap(String op, Pass pass) {
    if (running) {
      look(sums.computeIfAbsent(new Key(op, pass), key -> new Sum()));
    }
  }

  private void look(Sum sum) {
    var nanos = System.nanoTime();
    var busy = busyNanos.getAsLong();
    var flops = flops();
    sum.calls++;
    sum.nanos += nanos - lastNanos;
    sum.busyNanos += busy - lastBusyNanos;
    sum.flops += flops - lastFlops;
    lastNanos = nanos;
    lastBusyNanos = busy;
    lastFlops = flops;
  }

  /** What was counted so far, the longest first. */
  public List<OpTime> times() {
    return sums.entrySet().stream()
        .map(entry -> time(entry.getKey(), entry.getValue()))
        .sorted(Comparator.comparingDouble(OpTime::seconds).reversed())
        .toList();
  }

  private static OpTime time(Key key, Sum sum) {
    return new OpTime(
        key.op, key.pass, sum.calls, sum.nanos * 1e-9, sum.busyNanos * 1e-9, sum.flops);
  }
}
