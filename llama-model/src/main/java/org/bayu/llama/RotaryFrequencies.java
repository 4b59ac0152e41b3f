package org.bayu.llama;

import java.lang.foreign.Arena;
import java.util.Locale;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.RotaryTable;

/**
 * The angles of a model's rotary embedding, with its scaling: Su et al. 2021, "RoFormer"; the
 * scaled forms as in Transformers' {@code modeling_rope_utils}.
 *
 * <p>Frequencies and angles are rounded to binary32 where Transformers rounds them: the models were
 * trained with those angles.
 */
final class RotaryFrequencies {
  private final float[] frequencies;
  private final int maxPositions;
  private RotaryTable table;

  RotaryFrequencies(LlamaConfig config) {
    maxPositions = config.maxPositions();
    var half = config.headDim() / 2;
    frequencies = new float[half];
    for (var i = 0; i < half; i++) {
      var exponent = (float) (2 * i) / config.headDim();
      var frequency = 1 / (float) Math.pow(config.ropeTheta(), exponent);
      frequencies[i] = (float) config.ropeScaling().scale(frequency);
    }
    table = table(0);
  }

  /**
   * Cosines and sines of the positions 0 to at least {@code positions} − 1.
   *
   * @throws IllegalArgumentException if the model has fewer positions
   */
  RotaryTable upTo(int positions) {
    if (positions > maxPositions) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT,
              "position %d is beyond the model's %d (max_position_embeddings)",
              positions - 1,
              maxPositions));
    }
    if (positions > table.positions()) {
      table = table(Math.min(maxPositions, Math.max(256, Integer.highestOneBit(positions) * 2)));
    }
    return table;
  }

  private RotaryTable table(int positions) {
    var half = frequencies.length;
    var arena = Arena.ofAuto();
    var cos = Tensor.allocate(arena, DType.F32, Shape.of(positions, half));
    var sin = Tensor.allocate(arena, DType.F32, Shape.of(positions, half));
    for (var position = 0; position < positions; position++) {
      for (var i = 0; i < half; i++) {
        double angle = position * frequencies[i];
        cos.setFloat((long) position * half + i, (float) Math.cos(angle));
        sin.setFloat((long) position * half + i, (float) Math.sin(angle));
      }
    }
    return new RotaryTable(cos, sin);
  }
}
