package org.bayu.tensor;

import java.util.List;
import org.bayu.tensor.internal.CpuDevice;

/**
 * What computes: the processor's kernels, chosen once for the machine, and a number of threads.
 *
 * <p>Results have the same bits for any number of threads. A device may be used by one thread at a
 * time.
 */
public sealed interface Device extends AutoCloseable permits CpuDevice {
  /**
   * This machine's processor with as many threads as it has processors.
   *
   * @throws KernelsUnavailableException if {@code -Dbayu.kernels} asks for what cannot run here
   */
  static Device cpu() {
    return cpu(Runtime.getRuntime().availableProcessors());
  }

  /**
   * This machine's processor with {@code threads} threads, the caller's among them.
   *
   * @throws IllegalArgumentException if {@code threads} is not positive
   * @throws KernelsUnavailableException if {@code -Dbayu.kernels} asks for what cannot run here
   */
  static Device cpu(int threads) {
    return CpuDevice.of(threads);
  }

  /**
   * A device that looks like {@link #cpu(int)} and computes nothing: with a {@link
   * Workspace#counting} it tells what a computation allocates. Ops check their shapes, allocate and
   * record; results are undefined.
   */
  static Device idle(int threads) {
    return CpuDevice.idle(threads);
  }

  /** Number of threads that compute, the caller's among them. */
  int threads();

  /** The kernel tier in use: {@code machine}, {@code vector} or {@code scalar}. */
  String tier();

  /**
   * What the last bits of results hang on beside what is computed: the tier, its instruction set
   * and the length of its vectors, in words.
   */
  String instructions();

  /**
   * The most multiply-adds that this device can do, from registers alone, measured in about a
   * second: 10⁹ operations a second; 0 if it cannot be measured.
   *
   * @param operands F32 or BF16
   */
  double peakGflops(DType operands);

  /** Begins to count where its time goes, from zero: see {@link #profile}. */
  void startProfile();

  /**
   * Where the time has gone since {@link #startProfile}, the longest first; empty if that was not
   * called.
   */
  List<OpTime> profile();

  /** Of the profile: what was done since the last op or mark was {@code work}. */
  void mark(String work);

  /** Measures what this device can do; takes some seconds and half a gigabyte of memory. */
  DeviceReport measure();

  /**
   * Bytes of short-lived memory that the threads hold for the ops' use; of an {@linkplain #idle
   * idle} device the most that the ops would have asked for at one time beside what single tasks
   * do.
   */
  long scratchBytes();

  /** Ends the threads. */
  @Override
  void close();
}
