package org.bayu.tensor.autograd;

import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Variable.Gradient;

/**
 * Gradient checkpointing: trades time for memory. Only a block's input and output are kept. The
 * backward pass computes the block again and then runs it backwards (Chen et al. 2016, "Training
 * Deep Nets with Sublinear Memory Cost").
 */
public final class Checkpoint {
  private Checkpoint() {}

  /**
   * A part of a model: a function of one variable and of weights. Two runs must give the same
   * result. The ops whose values only the result needs should be run by {@link Tape#last}: they are
   * computed once.
   */
  @FunctionalInterface
  public interface Block {
    /** Computes the block's output on {@code tape}. */
    Variable apply(Tape tape, Variable input);
  }

  /** {@code block(x)}. A recording tape keeps no activations of the block. */
  public static Variable apply(Tape tape, Variable x, Block block) {
    var first = tape.unrecorded();
    var value = block.apply(first, first.constant(x.value())).value();
    first.give(value, tape);
    first.releaseAll();
    return tape.record("Checkpoint", value, true, gradient -> backward(tape, x, block, gradient));
  }

  private static void backward(Tape tape, Variable x, Block block, Gradient gradient) {
    var again = tape.recomputing();
    var input = x.requiresGradient() ? again.input(x.value()) : again.constant(x.value());
    var output = block.apply(again, input);
    again.backward(output, move(gradient, tape, again));
    var inputGradient = input.gradient();
    if (inputGradient != null) {
      again.give(inputGradient, tape);
      var passed = new Gradient(inputGradient);
      tape.pass(passed, x);
      tape.drop(passed);
    }
    again.releaseAll();
  }

  /** The gradient as a tensor of its own of {@code to}'s: moved where nobody else holds it. */
  private static Tensor move(Gradient gradient, Tape from, Tape to) {
    var tensor = gradient.tensor();
    if (gradient.holders == 1 && from.give(tensor, to)) {
      // It may come back as the input's gradient: whoever gave it must not free it then.
      gradient.holders++;
      return tensor;
    }
    var copy = to.allocate(tensor.dtype(), tensor.shape().dims());
    copy.copyFrom(tensor);
    return copy;
  }
}
