package org.bayu.tensor;

/**
 * One row of a flat profile of a device's time.
 *
 * @param op the op's class, or what {@link Device#mark} called the work between ops
 * @param calls how often
 * @param seconds from the end of the op before to the end of this
 * @param busySeconds that the device's threads spent in tasks, all threads added up
 * @param flops floating-point operations of its matrix products, multiplications and additions;
 *     attention counts only the pairs of a query and a key that it sees
 */
public record OpTime(
    String op, Pass pass, long calls, double seconds, double busySeconds, double flops) {
  /** What an op was called for. */
  public enum Pass {
    /** Its value. */
    FORWARD,
    /** Its value once more, for a backward pass that did not keep it. */
    RECOMPUTE,
    /** Its gradients. */
    BACKWARD,
    /** Work that no tape records. */
    OTHER
  }
}
