package org.bayu.tensor;

import java.util.List;

/**
 * What computes: the processor's kernels, chosen once for the machine, and a number of threads. The
 * package {@code org.bayu.tensor.device} makes devices and measures them; ops take no others.
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
   * What the last bits of results hang on beside what is computed: the tier, its instruction set
   * and the length of its vectors, in words.
   */
  String instructions();

  /** Begins to count where its time goes, from zero: see {@link #profile}. */
  void startProfile();

  /**
   * Where the time has gone since {@link #startProfile}, the longest first; empty if that was not
   * called.
   */
  List<OpTime> profile();

  /** Of the profile: what was done since the last op or mark was {@code work}. */
  void mark(String work);

  /**
   * Bytes of short-lived memory that the threads hold for the ops' use; of a device for dry runs
   * the most that the ops would have asked for at one time beside what single tasks do.
   */
  long scratchBytes();

  /** Ends the threads. */
  @Override
  void close();
}
