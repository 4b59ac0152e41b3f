package org.bayu.tensor.internal;

import java.util.List;
import org.bayu.tensor.Device;
import org.bayu.tensor.OpTime;
import org.bayu.tensor.OpTime.Pass;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.gemm.Gemm;
import org.bayu.tensor.internal.parallel.WorkerPool;

/** The one kind of device: what the ops see of a {@link Device}. */
public final class CpuDevice implements Device {
  private final Kernels kernels;
  private final WorkerPool workers;
  private final Gemm gemm;
  private final OpClock clock;

  /** A device on these kernels; closes {@code workers} when closed. */
  public CpuDevice(Kernels kernels, WorkerPool workers) {
    this.kernels = kernels;
    this.workers = workers;
    this.gemm = new Gemm(kernels, workers);
    this.clock = new OpClock(workers::busyNanos, gemm::flops);
  }

  /** The machine's best kernels with {@code threads} threads. */
  public static CpuDevice of(int threads) {
    return new CpuDevice(KernelProvider.kernels(), new WorkerPool(threads));
  }

  /** The same, computing nothing. */
  public static CpuDevice idle(int threads) {
    return new CpuDevice(KernelProvider.kernels(), WorkerPool.idle(threads));
  }

  /** The single-threaded loops over memory. */
  public Kernels kernels() {
    return kernels;
  }

  /** The threads. */
  public WorkerPool workers() {
    return workers;
  }

  /** Matrix products. */
  public Gemm gemm() {
    return gemm;
  }

  /** What ops tell when they end. */
  public OpClock clock() {
    return clock;
  }

  @Override
  public void startProfile() {
    clock.start();
  }

  @Override
  public List<OpTime> profile() {
    return clock.times();
  }

  @Override
  public double flops() {
    return clock.flops();
  }

  @Override
  public void mark(String work) {
    clock.lap(work, Pass.OTHER);
  }

  @Override
  public int threads() {
    return workers.threads();
  }

  @Override
  public String tier() {
    return kernels.tier();
  }

  @Override
  public String instructions() {
    return kernels.instructions();
  }

  @Override
  public long scratchBytes() {
    return workers.scratchBytes();
  }

  @Override
  public void close() {
    workers.close();
  }
}
