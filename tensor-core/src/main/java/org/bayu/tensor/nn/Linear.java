package org.bayu.tensor.nn;

import org.bayu.tensor.DType;
import org.bayu.tensor.autograd.Linear.LowRank;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + bias: W [outputs, inputs], x [tokens, inputs].
 *
 * <p>A subclass may add a low-rank term by overriding {@link #lowRank}.
 */
public class Linear extends Module {
  private final Parameter weight;
  private final @Nullable Parameter bias;

  /** A layer with this weight and, unless null, bias. */
  @SuppressWarnings("this-escape") // declaring a parameter only stores it
  public Linear(Parameter weight, @Nullable Parameter bias) {
    this.weight = parameter(weight);
    this.bias = bias == null ? null : parameter(bias);
  }

  /** The matrix, [outputs, inputs]. */
  public final Parameter weight() {
    return weight;
  }

  /** The bias, [outputs], or null. */
  public final @Nullable Parameter bias() {
    return bias;
  }

  /** Number of inputs. */
  public final int inputs() {
    return weight.value().columns();
  }

  /** Number of outputs. */
  public final int outputs() {
    return weight.value().rows();
  }

  /** The low-rank term that is added to the weight; null for none. */
  public @Nullable LowRank lowRank(Tape tape, Variable x) {
    return null;
  }

  /** x [tokens, inputs] → y [tokens, outputs]. */
  public final Variable forward(Tape tape, Variable x) {
    return forward(tape, x, x.value().dtype());
  }

  /** The same with y of type {@code result}. */
  public final Variable forward(Tape tape, Variable x, DType result) {
    var biasValue = bias == null ? null : bias.value();
    return org.bayu.tensor.autograd.Linear.apply(
        tape, x, weight.value(), biasValue, lowRank(tape, x), result);
  }
}
