package org.bayu.llama;

import java.lang.foreign.SegmentAllocator;
import java.util.Objects;
import java.util.Set;
import org.bayu.tensor.autograd.TensorParallel;
import org.bayu.tensor.nn.Part;
import org.jspecify.annotations.Nullable;

/**
 * What one of several processes computes of a model: some heads of each attention, and some of the
 * features within each feed-forward layer. Embedding, norms and head are whole in all of them. So
 * q, k, v, gate and up have rows of the whole matrices, and o and down have columns, and the
 * processes add what these give.
 *
 * @param index from 0 to {@code count} - 1
 * @param count number of parts
 * @param sum adds over the processes; null for a model that is whole, or planned and never computed
 */
public record ModelPart(int index, int count, TensorParallel.@Nullable Sum sum) {
  /** All of a model. */
  public static final ModelPart WHOLE = new ModelPart(0, 1);

  private static final Set<String> ROWS =
      Set.of("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj");
  private static final Set<String> COLUMNS = Set.of("o_proj", "down_proj");

  /** Refuses what is no part. */
  public ModelPart {
    Objects.checkIndex(index, count);
  }

  /** A part that is planned and never computed. */
  public ModelPart(int index, int count) {
    this(index, count, null);
  }

  /** Whether it is everything. */
  public boolean isWhole() {
    return count == 1;
  }

  /**
   * What the part has of a parameter.
   *
   * @param name like {@code model.layers.0.self_attn.q_proj.weight}
   */
  public Part of(String name) {
    var names = name.split("\\.", -1);
    var layer = names[Math.max(0, names.length - 2)];
    if (isWhole() || !(ROWS.contains(layer) || COLUMNS.contains(layer))) {
      return Part.WHOLE;
    }
    return new Part(COLUMNS.contains(layer) ? Part.Axis.COLUMNS : Part.Axis.ROWS, index, count);
  }

  /**
   * The part of a model's weights: views of rows, and copies of columns.
   *
   * @param memory of the copies
   */
  public Weights of(Weights whole, SegmentAllocator memory) {
    return isWhole() ? whole : name -> of(name).of(whole.tensor(name), memory);
  }
}
