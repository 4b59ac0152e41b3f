package org.bayu.tensor.internal.kernels.machine.x86;

import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * A loop over n elements, a vector at a time, and what its body is made of, for some kind of
 * processor. The elements behind the last whole vector are done by themselves, so that nothing
 * outside of the elements is touched. The index of the element is in rax, and an array is the
 * register that has its address.
 *
 * <p>A body has the vectors {@link #vector} and {@link #constant}. Loads, {@link #exp} and stores
 * are the only ones that change others.
 */
interface VectorLoop {
  /** Vectors for a body's own use. */
  int VECTORS = 9;

  /** Vectors that are set before the loop. */
  int CONSTANTS = 4;

  /** Where the loop is appended. */
  Assembler assembler();

  /** The function's frame, which saves what the loop uses of rbx, rbp and r12 to r15. */
  Frame frame(CallingConvention convention, int arguments, Gp... saved);

  /** Before anything else in the function; changes rax. */
  void begin(boolean hasExponentials);

  /** What is read besides, behind the function. */
  void end(boolean hasExponentials);

  /** One of {@value #VECTORS} vectors. */
  Vector vector(int number);

  /** One of {@value #CONSTANTS} vectors. */
  Vector constant(int number);

  /**
   * Appends the loop, which changes rax.
   *
   * @param count the register with n, changed
   * @param free a register to be changed
   * @param body appends what is done with the elements from rax on
   */
  void emit(Gp count, Gp free, Runnable body);

  /** Appends the loop, which changes rax and r10. */
  default void emit(Gp count, Runnable body) {
    emit(count, Gp.R10, body);
  }

  /** A number's bits in every lane. */
  void broadcast(Vector into, Gp bits);

  /** Zeros. */
  void zero(Vector vector);

  /** Loads numbers of an array; those behind the last element are 0. */
  void loadFloats(Vector into, Gp array);

  /** Loads bf16 of an array, widened. */
  void loadBFloat16(Vector into, Gp array);

  /** Stores numbers to an array. */
  void storeFloats(Gp array, Vector from);

  /** Stores numbers as bf16 to an array; changes {@code from}. */
  void storeBFloat16(Gp array, Vector from);

  /** {@code into = left + right}. */
  void add(Vector into, Vector left, Vector right);

  /** {@code into = left - right}. */
  void subtract(Vector into, Vector left, Vector right);

  /** {@code into = left · right}. */
  void multiply(Vector into, Vector left, Vector right);

  /** {@code into = left / right}. */
  void divide(Vector into, Vector left, Vector right);

  /** {@code into += left · right}. */
  void addProduct(Vector into, Vector left, Vector right);

  /** {@code into -= left · right}. */
  void subtractProduct(Vector into, Vector left, Vector right);

  /** {@code into = into · factor + summand}. */
  void multiplyAndAdd(Vector into, Vector factor, Vector summand);

  /** The bits of both. */
  void or(Vector into, Vector left, Vector right);

  /** {@code into = value < bound ? below : other}. */
  void choose(Vector into, Vector value, Vector bound, Vector below, Vector other);

  /** {@code into = e^x} as {@link ExponentialCode#exp}; changes {@code x} and {@code free}. */
  void exp(Vector into, Vector x, Vector free);

  /**
   * Adds a body's elements to two vectors of sums in double, those of the lower half of the lanes
   * to the first; changes {@code from} and the vectors 0 and 1.
   */
  void addDoubles(Vector low, Vector high, Vector from);

  /** The sum of all lanes of {@link #addDoubles} by a fixed tree, its bits; changes 0 and 1. */
  void sumDoubles(Gp into, Vector low, Vector high);

  /** The sum of all lanes by a fixed tree, in every lane; changes the vectors 0 and 1. */
  void sumLanes(Vector vector);
}
