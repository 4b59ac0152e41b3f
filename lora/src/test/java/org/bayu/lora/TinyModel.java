package org.bayu.lora;

import java.lang.foreign.SegmentAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;

/** A model with the names of a Llama: two layers of a query, a key and an up projection; a head. */
final class TinyModel extends Module {
  static final int HIDDEN = 6;
  static final int WIDE = 10;

  private static final class Layer extends Module {
    private Layer(List<Slot<Linear>> slots, SegmentAllocator memory, DType dtype, String path) {
      slots.add(linear("self_attn.q_proj", HIDDEN, memory, dtype, path));
      slots.add(linear("self_attn.k_proj", 4, memory, dtype, path));
      slots.add(linear("mlp.up_proj", WIDE, memory, dtype, path));
    }

    private Slot<Linear> linear(
        String name, int outputs, SegmentAllocator memory, DType dtype, String path) {
      return child(name, TinyModel.linear(path + "." + name, outputs, memory, dtype));
    }
  }

  private final List<Slot<Linear>> slots = new ArrayList<>();

  TinyModel(SegmentAllocator memory, DType dtype) {
    for (var i = 0; i < 2; i++) {
      var path = "model.layers." + i;
      child(path, new Layer(slots, memory, dtype, path));
    }
    slots.add(child("lm_head", linear("lm_head", WIDE, memory, dtype)));
  }

  private static Linear linear(String path, int outputs, SegmentAllocator memory, DType dtype) {
    var weight = Tensor.allocate(memory, dtype, Shape.of(outputs, HIDDEN));
    var random = new SplittableRandom(path.hashCode());
    for (var i = 0L; i < weight.elements(); i++) {
      weight.setFloat(i, (float) random.nextDouble(-1, 1));
    }
    return new Linear(new Parameter(path + ".weight", weight, true), null);
  }

  /** The layers in their places: query, key, up; query, key, up; head. */
  List<Linear> linearsInPlace() {
    return slots.stream().map(Slot::get).toList();
  }
}
