package org.bayu.train.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Writes model folders from a base and what was trained on it. */
public final class SavedModels {
  private SavedModels() {}

  /**
   * Saves the base with the model's current parameters.
   *
   * @param dtype the weights' type; null for the base's
   * @param eos what ended the texts of the training, as in {@link HfCheckpoint#save}
   * @throws IOException if the folder exists and is not empty, or cannot be written
   */
  public static void saveTrained(
      Path folder, HfCheckpoint base, LlamaModel model, @Nullable DType dtype, OptionalInt eos)
      throws IOException {
    Map<String, Tensor> values = new HashMap<>();
    for (var parameter : model.parameters()) {
      values.put(parameter.name(), parameter.value());
    }
    HfCheckpoint.save(folder, base, dtype, eos, name -> value(values, base, name));
  }

  private static Tensor value(Map<String, Tensor> values, HfCheckpoint base, String name) {
    var value = values.get(name);
    return value != null ? value : base.weights().tensor(name);
  }

  /**
   * Saves the base with the adapter merged in, W + (alpha/r)·B·A, one matrix at a time.
   *
   * @param tokenizer the folder whose tokenizer is saved, the base's or the adapter's
   * @param dtype the weights' type; null for the base's
   * @param eos what ended the texts of the training, as in {@link HfCheckpoint#save}
   * @throws IOException if the folder exists and is not empty, or cannot be written
   */
  public static void saveMerged(
      Path folder,
      HfCheckpoint base,
      Path tokenizer,
      LoraAdapter adapter,
      Device device,
      @Nullable DType dtype,
      OptionalInt eos)
      throws IOException {
    var merged = adapter.mergedWeights();
    var memory = new Arena[] {Arena.ofShared()};
    try {
      HfCheckpoint.save(
          folder,
          base,
          tokenizer,
          dtype,
          eos,
          name -> {
            var weight = base.weights().tensor(name);
            if (!merged.contains(name)) {
              return weight;
            }
            // The tensor asked for before is no longer read.
            memory[0].close();
            memory[0] = Arena.ofShared();
            var type = dtype == null ? weight.dtype() : dtype;
            return adapter.merged(device, name, weight, type, memory[0]);
          });
    } finally {
      memory[0].close();
    }
  }
}
