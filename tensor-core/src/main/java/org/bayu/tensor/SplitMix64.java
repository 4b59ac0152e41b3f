package org.bayu.tensor;

/**
 * SplitMix64: 64-bit random numbers from a seed, the same on every machine. Steele, Lea and Flood
 * 2014, "Fast Splittable Pseudorandom Number Generators".
 *
 * <p>The state is a counter, which grows by {@link #GAMMA}. A number is the {@linkplain #mix mixed}
 * counter, so each number can be computed from its index alone. Not thread-safe.
 */
public final class SplitMix64 {
  /** The step of the state: 2⁶⁴ divided by the golden ratio, made odd. */
  public static final long GAMMA = 0x9E3779B97F4A7C15L;

  /** The factors of {@link #mix}. */
  public static final long FIRST_FACTOR = 0xBF58476D1CE4E5B9L, SECOND_FACTOR = 0x94D049BB133111EBL;

  private long state;

  /** A generator whose first number is {@code mix(state + GAMMA)}. */
  public SplitMix64(long state) {
    this.state = state;
  }

  /** The next number. */
  public long next() {
    state += GAMMA;
    return mix(state);
  }

  /**
   * A bijection of the 64-bit numbers that scatters them: inputs that differ little end far apart.
   */
  public static long mix(long z) {
    z = (z ^ (z >>> 30)) * FIRST_FACTOR;
    z = (z ^ (z >>> 27)) * SECOND_FACTOR;
    return z ^ (z >>> 31);
  }
}
