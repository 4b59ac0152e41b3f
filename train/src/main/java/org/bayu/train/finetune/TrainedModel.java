package org.bayu.train.finetune;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.List;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.ModelPart;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.LoraAdapter;
import org.bayu.tensor.DType;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.nn.Parameter;
import org.bayu.tensor.optim.Shard;
import org.bayu.train.Adaptation;
import org.jspecify.annotations.Nullable;

/**
 * A model on the base's mapped weights, and what of it is trained.
 *
 * <p>Owns the trained values and the adapter, but not the base: close that after this object.
 */
public final class TrainedModel implements AutoCloseable {
  private final Resources resources = new Resources();
  private final LlamaModel model;
  private final @Nullable LoraAdapter adapter;

  /**
   * The model before the first step.
   *
   * @param base must stay open as long as this object
   * @param seed of a new adapter
   * @throws IllegalArgumentException if the model has none of the adapter's layers
   * @throws IOException if a stored adapter cannot be read
   */
  public TrainedModel(ModelFolder base, Adaptation adaptation, long seed) throws IOException {
    this(base, adaptation, seed, ModelPart.WHOLE);
  }

  /**
   * The same for a part of the model.
   *
   * @throws IllegalArgumentException also if the model cannot be divided so
   */
  public TrainedModel(ModelFolder base, Adaptation adaptation, long seed, ModelPart part)
      throws IOException {
    this(base, adaptation, seed, part, Shard.WHOLE, DType.F32);
  }

  /**
   * The same in one of several processes that have this part.
   *
   * @param shard what it updates where all weights are trained
   * @param compute the compute type
   */
  TrainedModel(
      ModelFolder base,
      Adaptation adaptation,
      long seed,
      ModelPart part,
      Shard shard,
      DType compute)
      throws IOException {
    try {
      var copies = resources.add(new Copies(LargeArena.ofShared()));
      var weights = part.of(base.checkpoint().weights(), copies.arena);
      model = new LlamaModel(base.config().part(part.count()), weights, part);
      model.checkWeights();
      adapter = adaptation.applyTo(model, seed);
      if (adapter == null) {
        adaptation.train(model, resources.add(LargeArena.ofShared()), shard, compute);
        copies.close(); // what is trained has copies of its own
      } else {
        resources.add(adapter);
      }
    } catch (Throwable e) {
      resources.closeAfter(e);
      throw e;
    }
  }

  /** Memory that may be freed early. */
  private record Copies(Arena arena) implements AutoCloseable {
    @Override
    public void close() {
      if (arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  /** The model with its current parameters. */
  public LlamaModel model() {
    return model;
  }

  /** The adapter; null where all weights are trained. */
  public @Nullable LoraAdapter adapter() {
    return adapter;
  }

  /** The trained parameters, in the model's order. */
  public List<Parameter> parameters() {
    return model.parameters().stream().filter(Parameter::trainable).toList();
  }

  /** Frees the trained values. */
  @Override
  public void close() throws IOException {
    resources.close();
  }
}
