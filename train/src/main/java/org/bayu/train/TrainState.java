package org.bayu.train;

import java.util.List;
import org.bayu.llama.LlamaModel;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.Device;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.AdamW;
import org.jspecify.annotations.Nullable;

/**
 * What training changes: the trainable parameters, the optimizer's moments and the number of steps
 * done. The next step depends only on this, the run's settings and the data.
 *
 * <p>Owns the optimizer's memory, but not model and adapter. Not thread-safe.
 */
public final class TrainState implements AutoCloseable {
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;
  private final List<Parameter> parameters;
  private final AdamW optimizer;
  private int steps;

  /**
   * The state before the first step.
   *
   * @param model whose parameters to be trained are {@linkplain Parameter#train trainable} already
   * @param adapter injected into the model; null where all weights are trained
   */
  public TrainState(
      LlamaModel model, @Nullable LoraAdapter adapter, Device device, AdamW.Settings adamW) {
    this.model = model;
    this.adapter = adapter;
    parameters = model.parameters().stream().filter(Parameter::trainable).toList();
    optimizer = new AdamW(device, parameters, adamW);
  }

  /** The model with its current parameters. */
  public LlamaModel model() {
    return model;
  }

  /** The adapter; null where all weights are trained. */
  public @Nullable LoraAdapter adapter() {
    return adapter;
  }

  /** The trainable parameters, in the model's order. */
  public List<Parameter> parameters() {
    return parameters;
  }

  /** The optimizer with its moments. */
  public AdamW optimizer() {
    return optimizer;
  }

  /** The number of steps done, which is also the number of the next step. */
  public int steps() {
    return steps;
  }

  void stepDone() {
    steps++;
  }

  /** Frees the optimizer's moments. */
  @Override
  public void close() {
    optimizer.close();
  }
}
