package org.bayu.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.bayu.llama.LlamaModel;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraConfig;
import org.bayu.lora.PeftFormat;
import org.jspecify.annotations.Nullable;

/** What of a model is trained: every weight, or a LoRA adapter while the weights stay frozen. */
public sealed interface Adaptation {

  /** Every weight. */
  record AllWeights() implements Adaptation {}

  /** A new adapter, whose A is drawn from the run's seed and whose B is 0. */
  record NewAdapter(LoraConfig config) implements Adaptation {}

  /**
   * An adapter to go on from.
   *
   * @param folder in PEFT's layout
   * @param settings takes the adapter's configuration and returns the one to train with, such as
   *     the same with another dropout
   */
  record StoredAdapter(Path folder, UnaryOperator<LoraConfig> settings) implements Adaptation {}

  /** Trains every weight. */
  static Adaptation allWeights() {
    return new AllWeights();
  }

  /** Trains a new adapter. */
  static Adaptation lora(LoraConfig config) {
    return new NewAdapter(config);
  }

  /** Goes on with the adapter in a folder. */
  static Adaptation from(Path adapter) {
    return new StoredAdapter(adapter, UnaryOperator.identity());
  }

  /**
   * Puts the adapter into a model, whose weights are then frozen.
   *
   * @return the adapter, which the caller closes; null where every weight is to be trained, and the
   *     model is as it was
   * @throws IllegalArgumentException if the model has none of the layers that the adapter is for
   * @throws IOException if a stored adapter cannot be read
   */
  default @Nullable LoraAdapter applyTo(LlamaModel model, long seed) throws IOException {
    return switch (this) {
      case AllWeights _ -> null;
      case NewAdapter(var config) -> LoraAdapter.inject(model, config, seed);
      case StoredAdapter(var folder, var settings) -> PeftFormat.load(folder, model, settings);
    };
  }
}
