package org.bayu.finetune.train;

import java.io.IOException;
import java.lang.foreign.Arena;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.LoraSettings;
import org.bayu.finetune.train.MicroBatches.MicroBatch;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.PassMemory;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.DType;
import org.bayu.tensor.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * A model as it is to be trained, with all shapes and without memory: what planning asks for
 * numbers.
 */
public final class RunShape {
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;

  private RunShape(LlamaModel model, @Nullable LoraAdapter adapter) {
    this.model = model;
    this.adapter = adapter;
  }

  /**
   * The base with the adapter of a configuration, or with all weights trained.
   *
   * @throws UserException if the model has no such layers
   */
  static RunShape of(HfCheckpoint base, @Nullable LoraSettings lora, long seed) throws IOException {
    var model = new LlamaModel(base.config(), PassMemory.withoutMemory(base.weights()));
    if (lora == null) {
      model.parameters().forEach(parameter -> parameter.train(Arena.ofAuto()));
      return new RunShape(model, null);
    }
    return new RunShape(model, adapter(model, lora, seed));
  }

  /** The base with an adapter of Bayu's defaults. */
  static RunShape withDefaultAdapter(HfCheckpoint base) {
    var model = new LlamaModel(base.config(), PassMemory.withoutMemory(base.weights()));
    return new RunShape(model, LoraAdapter.inject(model, LoraConfig.DEFAULT, 0));
  }

  /** Adapts a model, with memory or without, as a configuration says. */
  static LoraAdapter adapter(LlamaModel model, LoraSettings lora, long seed) throws IOException {
    try {
      return lora.initializeFrom() == null
          ? LoraAdapter.inject(model, lora.newAdapter(), seed)
          : PeftFormat.load(lora.initializeFrom(), model, lora::goOnFrom);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("lora: %s.".formatted(e.getMessage()));
    }
  }

  /** The adapter; null where all weights are trained. */
  @Nullable LoraAdapter adapter() {
    return adapter;
  }

  long parameters() {
    return model.parameters().stream().mapToLong(p -> p.value().elements()).sum();
  }

  long trainable() {
    return model.parameters().stream()
        .filter(Parameter::trainable)
        .mapToLong(p -> p.value().elements())
        .sum();
  }

  /** Elements of the greatest weight that an adapter is merged into. */
  long greatestAdapted() {
    return adapter == null
        ? 0
        : adapter.layers().values().stream()
            .mapToLong(layer -> layer.weight().value().elements())
            .max()
            .orElse(0);
  }

  /** What a forward and backward pass of a micro-batch takes. */
  PassMemory training(MicroBatch batch, DType compute, boolean checkpointing, int threads) {
    if (adapter != null) {
      adapter.beginMicroBatch(0, 0, new long[batch.tree().rows()]);
    }
    return PassMemory.training(
        model, batch.tree(), batch.targets(), compute, checkpointing, threads);
  }

  /** What computing the loss of a micro-batch takes. */
  PassMemory evaluation(MicroBatch batch, DType compute, int threads) {
    return PassMemory.inference(model, batch.tree(), batch.targets(), compute, threads);
  }
}
