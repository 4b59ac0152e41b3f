package org.bayu.tensor;

import java.util.List;

/**
 * The kernels chosen for this machine's processor, and the threads that run them. Only {@code
 * org.bayu.tensor.device.Devices} makes devices that ops accept.
 *
 * <p>Results have the same bits for any number of threads. A device may be used by one thread at a
 * time.
 */
public interface Device extends AutoCloseable {
  /** Number of threads that compute, the caller's among them. */
  int threads();

  /** The kernel tier in use: {@code machine}, {@code vector} or {@code scalar}. */
  String tier();

  /**
   * What the last bits of results depend on, in words: the tier, its instruction set and the length
   * of its vectors.
   */
  String instructions();

  /** Starts a profile, from zero: see {@link #profile}. */
  void startProfile();

  /**
   * The time of each op since {@link #startProfile}, the longest first. Empty if no profile was
   * started.
   */
  List<OpTime> profile();

  /**
   * Floating-point operations of all matrix products and attention so far, multiplications and
   * additions: what was computed, twice if it was computed twice.
   */
  double flops();

  /** Tells the profile that the time since the last op or mark was spent on {@code work}. */
  void mark(String work);

  /**
   * Bytes of short-lived memory that the threads hold for ops. For a dry-run device: the most that
   * ops would have asked for at one time, without the memory of single tasks.
   */
  long scratchBytes();

  /** Ends the threads. */
  @Override
  void close();
}
