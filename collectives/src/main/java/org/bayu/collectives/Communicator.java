package org.bayu.collectives;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;

/**
 * Processes that compute together. Each has a rank, from 0 to {@link #size} - 1.
 *
 * <p>A collective must be called by all ranks, in the same order and with segments of the same
 * size, else the ranks wait for each other for ever. It returns when this rank has its result, and
 * throws {@link CommunicatorException} if it cannot have it. Segments are off-heap, of an arena for
 * all threads: in the garbage-collected heap they would hold up every collection while a rank
 * waits. They belong to the caller, who must not change them before the call returns.
 *
 * <p>Every rank ends with {@link #finish}, or with {@link #abort} after an error: a rank that
 * simply ends would leave the others waiting. So this is not {@code AutoCloseable}.
 *
 * <p>Thread-safe, but the order of the calls must still be the same in all ranks.
 *
 * @see Communicators#open
 */
public interface Communicator {
  /** The number of this process. */
  int rank();

  /** The number of processes. */
  int size();

  /** What connects the processes, for a line of a log: the library and its version. */
  String description();

  /**
   * Divides the ranks into groups. Collective.
   *
   * @param color at least 0: ranks of the same color are a group
   * @param key orders the ranks in the group; equal keys leave them in their order here
   * @return the group of this rank, whose {@link #finish} frees it
   */
  Communicator split(int color, int key);

  /**
   * Replaces {@code values} by their sum over all ranks, element by element. The order of the
   * additions is the library's and depends on the number of ranks.
   *
   * @param values F32
   */
  void allReduce(MemorySegment values);

  /**
   * Sums like {@link #allReduce}, but each rank gets only its part: rank r the r-th.
   *
   * @param values F32, size × as many as {@code part}; unchanged
   * @param part F32, takes the sums
   */
  void reduceScatter(MemorySegment values, MemorySegment part);

  /**
   * Collects what each rank has in all of them, in the order of the ranks.
   *
   * @param part any bytes
   * @param all size × as many bytes; takes the parts
   */
  void allGather(MemorySegment part, MemorySegment all);

  /**
   * Sends each rank a part, and takes one from each: part r of {@code sent} goes to rank r, and
   * part r of {@code received} comes from rank r.
   *
   * @param sent any bytes, size parts of equal length; unchanged
   * @param received as many; takes the parts
   */
  void allToAll(MemorySegment sent, MemorySegment received);

  /**
   * Sends each rank a piece of its part of an array, and takes what the others have of this rank's.
   * Part r begins at r · stride and ends where the next one begins, or with the array. Nothing is
   * sent of this rank's own part.
   *
   * @param array any bytes; unchanged
   * @param at where the piece begins in each part; it ends with the part at the latest
   * @param received size × the bytes of a piece; that of rank r lands in its r-th part
   */
  void allToAll(MemorySegment array, long stride, long at, MemorySegment received);

  /**
   * Collects the parts of an array where they belong: of each rank its own, as above.
   *
   * @param array of which this rank's part is here; takes the others
   */
  void allGather(MemorySegment array, long stride);

  /**
   * Copies the bytes of one rank to all others.
   *
   * @param root the rank that has them
   */
  void broadcast(MemorySegment bytes, int root);

  /** Waits until all ranks are here. */
  void barrier();

  /**
   * Runs collectives while this thread does something else. They run after all that were called or
   * started before, on the one thread that communicates; a process alone runs them at once.
   *
   * @return ends when they have ended; fails with what they throw
   */
  CompletableFuture<Void> start(Runnable collectives);

  /**
   * Ends all processes of all ranks at once, without hooks and {@code finally} blocks. May be
   * called from any thread, also while another waits in a collective. After {@link #finish} it ends
   * this process alone. Does not return.
   *
   * @param exitCode of the launcher, from 1 to 255
   */
  void abort(int exitCode);

  /**
   * Ends the communication. Collective. The processes can then end one by one. Of a group, frees
   * it.
   */
  void finish();
}
