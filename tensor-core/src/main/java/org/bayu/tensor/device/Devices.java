package org.bayu.tensor.device;

import org.bayu.tensor.Device;
import org.bayu.tensor.KernelsUnavailableException;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.internal.CpuDevice;

/** Makes devices. The caller closes them. */
public final class Devices {
  private Devices() {}

  /**
   * This machine's processor with as many threads as it has processors.
   *
   * @throws KernelsUnavailableException if {@code -Dbayu.kernels} asks for what cannot run here
   */
  public static Device cpu() {
    return cpu(Runtime.getRuntime().availableProcessors());
  }

  /**
   * This machine's processor with {@code threads} threads, the caller's among them.
   *
   * @throws IllegalArgumentException if {@code threads} is not positive
   * @throws KernelsUnavailableException if {@code -Dbayu.kernels} asks for what cannot run here
   */
  public static Device cpu(int threads) {
    return CpuDevice.of(threads);
  }

  /**
   * A device for dry runs. It looks like {@link #cpu(int)} but computes nothing: ops check their
   * shapes, allocate and record, and results are undefined. With a {@link Workspace#counting} it
   * counts what a computation allocates.
   *
   * @throws IllegalArgumentException if {@code threads} is not positive
   * @throws KernelsUnavailableException if {@code -Dbayu.kernels} asks for what cannot run here
   */
  public static Device dryRun(int threads) {
    return CpuDevice.idle(threads);
  }
}
