package org.bayu.train;

import java.io.IOException;
import java.lang.foreign.SegmentAllocator;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.bayu.llama.LlamaModel;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.DType;
import org.bayu.tensor.optim.Shard;
import org.jspecify.annotations.Nullable;

/** What is trained: every weight of a model, or a LoRA adapter while the weights stay frozen. */
public sealed interface Adaptation {

  /**
   * Every weight.
   *
   * @param type F32, or BF16: the weights then have no F32 copies, their updates are rounded
   *     stochastically, and their gradients are BF16 too
   */
  record AllWeights(DType type) implements Adaptation {}

  /** A new adapter, whose A is drawn from the run's seed and whose B is 0. */
  record NewAdapter(LoraConfig config) implements Adaptation {}

  /**
   * A stored adapter, whose training continues.
   *
   * @param folder in PEFT's layout
   * @param settings takes the stored configuration and returns the one to train with, which may
   *     differ in dropout
   */
  record StoredAdapter(Path folder, UnaryOperator<LoraConfig> settings) implements Adaptation {}

  /** Trains every weight. */
  static Adaptation allWeights() {
    return allWeights(DType.F32);
  }

  /** Trains every weight in this type, F32 or BF16. */
  static Adaptation allWeights(DType type) {
    return new AllWeights(type);
  }

  /** Trains a new adapter. */
  static Adaptation lora(LoraConfig config) {
    return new NewAdapter(config);
  }

  /** Continues with the adapter in a folder. */
  static Adaptation from(Path adapter) {
    return new StoredAdapter(adapter, UnaryOperator.identity());
  }

  /** The type of what is trained; an adapter is F32. */
  default DType trainedType() {
    return this instanceof AllWeights(var type) ? type : DType.F32;
  }

  /**
   * Makes all weights of a model trainable. Where several processes compute in BF16, those have
   * BF16 copies of the matrices of the linear layers, which are read in no other type, and each has
   * its part of them in F32.
   *
   * @param allocator of the trained values, for all threads
   * @param shard the part of this process
   */
  default void train(LlamaModel model, SegmentAllocator allocator, Shard shard, DType compute) {
    var isDivided = !shard.isWhole() && compute == DType.BF16 && trainedType() == DType.F32;
    model.parameters().parallelStream()
        .forEach(
            parameter -> {
              var elements = parameter.value().elements();
              if (isDivided && parameter.decays()) {
                parameter.trainPart(allocator, shard.from(elements), shard.to(elements));
              } else {
                parameter.train(allocator, trainedType());
              }
            });
  }

  /**
   * Adds the adapter to a model. The model's own weights stay frozen.
   *
   * @return the adapter, which the caller closes; null if every weight is to be trained, and the
   *     model is then unchanged
   * @throws IllegalArgumentException if the model has none of the layers that the adapter is for
   * @throws IOException if a stored adapter cannot be read
   */
  default @Nullable LoraAdapter applyTo(LlamaModel model, long seed) throws IOException {
    return switch (this) {
      case AllWeights(_) -> null;
      case NewAdapter(var config) -> LoraAdapter.inject(model, config, seed);
      case StoredAdapter(var folder, var settings) -> PeftFormat.load(folder, model, settings);
    };
  }
}
