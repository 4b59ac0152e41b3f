package org.bayu.lora;

import org.bayu.tensor.autograd.Dropout;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.jspecify.annotations.Nullable;

/** The dropout of all of an adapter's layers: which micro-batch's masks are to be drawn. */
final class DropoutMasks {
  private final float probability;
  private long seed;
  private long step;
  private long @Nullable [] rows;

  DropoutMasks(double probability) {
    this.probability = (float) probability;
  }

  void begin(long newSeed, long newStep, long[] newRows) {
    seed = newSeed;
    step = newStep;
    rows = newRows;
  }

  /**
   * x after dropout; null where it is x itself.
   *
   * @param firstColumn of x in the whole layer's input
   */
  @Nullable Variable apply(Tape tape, Variable x, long layer, int firstColumn) {
    if (probability == 0 || !tape.training()) {
      return null;
    }
    if (rows == null) {
      throw new IllegalStateException("dropout in training needs LoraAdapter.beginMicroBatch");
    }
    return Dropout.apply(tape, x, probability, Dropout.key(seed, step, layer), rows, firstColumn);
  }
}
