package org.bayu.lora;

import java.util.Arrays;
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
  private long[] neededRows = new long[0];

  DropoutMasks(double probability) {
    this.probability = (float) probability;
  }

  void begin(long newSeed, long newStep, long[] newRows, int[] needed) {
    seed = newSeed;
    step = newStep;
    rows = newRows;
    neededRows = Arrays.stream(needed).mapToLong(row -> newRows[row]).toArray();
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
    var inputs = x.value().rows() == rows.length ? rows : neededRows;
    return Dropout.apply(tape, x, probability, Dropout.key(seed, step, layer), inputs, firstColumn);
  }
}
