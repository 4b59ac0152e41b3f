package org.bayu.tensor.internal;

import org.bayu.tensor.Device;
import org.bayu.tensor.DeviceReport;
import org.bayu.tensor.internal.kernels.Gemm;
import org.bayu.tensor.internal.kernels.KernelProvider;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.measure.DeviceMeasurement;
import org.bayu.tensor.internal.parallel.WorkerPool;

/** The one kind of device: what the ops see of a {@link Device}. */
public final class CpuDevice implements Device {
  private final Kernels kernels;
  private final WorkerPool workers;
  private final Gemm gemm;

  /** A device on these kernels; closes {@code workers} when closed. */
  public CpuDevice(Kernels kernels, WorkerPool workers) {
    this.kernels = kernels;
    this.workers = workers;
    this.gemm = new Gemm(kernels, workers);
  }

  /** The machine's best kernels with {@code threads} threads. */
  public static CpuDevice of(int threads) {
    return new CpuDevice(KernelProvider.kernels(), new WorkerPool(threads));
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

  @Override
  public int threads() {
    return workers.threads();
  }

  @Override
  public String tier() {
    return kernels.tier();
  }

  @Override
  public DeviceReport measure() {
    return new DeviceMeasurement(this).run();
  }

  @Override
  public void close() {
    workers.close();
  }
}
