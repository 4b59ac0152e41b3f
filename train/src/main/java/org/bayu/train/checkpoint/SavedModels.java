package org.bayu.train.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.OptionalInt;
import java.util.function.Function;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.DType;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Parameter;
import org.jspecify.annotations.Nullable;

/** Writes model folders from a base and what was trained on it. */
public final class SavedModels {
  private SavedModels() {}

  /**
   * Saves the base with the model's current parameters.
   *
   * @param dtype the weights' type; null for the base's
   * @param eos what ended the texts of the training, as in {@link HfCheckpoint#save}
   * @param whole the whole of a parameter of which the model may have a part; its result is no
   *     longer read when it is called again
   * @throws IOException if the folder exists and is not empty, or cannot be written
   */
  public static void saveTrained(
      Path folder,
      HfCheckpoint base,
      LlamaModel model,
      @Nullable DType dtype,
      OptionalInt eos,
      Function<Parameter, Tensor> whole)
      throws IOException {
    var parameters = new HashMap<String, Parameter>();
    model.parameters().forEach(parameter -> parameters.put(parameter.name(), parameter));
    HfCheckpoint.save(
        folder,
        base,
        dtype,
        eos,
        name -> {
          var parameter = parameters.get(name);
          return parameter != null ? whole.apply(parameter) : base.weights().tensor(name);
        });
  }

  /**
   * Saves the base with the adapter merged in, W + (alpha/r)·B·A, one matrix at a time.
   *
   * @param tokenizer the folder whose tokenizer is saved, the base's or the adapter's
   * @param dtype the weights' type; null for the base's
   * @param eos what ended the texts of the training, as in {@link HfCheckpoint#save}
   * @param whole as above, for the adapter's parameters
   * @throws IOException if the folder exists and is not empty, or cannot be written
   */
  public static void saveMerged(
      Path folder,
      HfCheckpoint base,
      Path tokenizer,
      LoraAdapter adapter,
      Device device,
      @Nullable DType dtype,
      OptionalInt eos,
      Function<Parameter, Tensor> whole)
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
            return adapter.merged(device, name, weight, type, memory[0], whole);
          });
    } finally {
      memory[0].close();
    }
  }
}
