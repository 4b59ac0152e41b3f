package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.function.Function;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraAdapter;
import org.bayu.lora.LoraTargets;
import org.bayu.lora.PeftFormat;
import org.bayu.tensor.Device;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.nn.Parameter;
import org.jspecify.annotations.Nullable;

/**
 * One thing that a run saves, and where. Each save is a new folder {@code step-N} in {@link
 * #folder}. A store owns nothing. It writes the current state of what is trained.
 */
public interface ModelStore {
  /** An upper bound for headers, configuration and names. */
  long OVERHEAD = 1 << 20;

  /** What is saved. */
  enum Kind {
    /** All weights, trained. */
    MODEL("model"),
    /** The adapter alone. */
    ADAPTER("adapter"),
    /** All weights with the adapter merged in. */
    MERGED("merged model");

    private final String text;

    Kind(String text) {
      this.text = text;
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** The setting that names the folder, for messages. */
  String key();

  /** What is saved. */
  Kind kind();

  /** The folder that has a folder for each save. */
  Path folder();

  /** An upper bound for the bytes of a save. */
  long bytes();

  /**
   * Writes a new folder: whole, or not at all.
   *
   * @throws IOException if the folder exists and is not empty, or cannot be written
   * @throws org.bayu.tensor.io.NonFiniteTensorException if a value is infinite or NaN
   */
  void write(Path folder) throws IOException;

  /** The folder of the save after {@code steps} steps. */
  default Path path(int steps) {
    return folder().resolve(name(steps));
  }

  /** The name of a save's folder. */
  static String name(int steps) {
    return "step-" + steps;
  }

  /**
   * The base's files, from which saves of whole models are made.
   *
   * @param tokenizer the folder whose tokenizer is saved
   * @param eos the token that ended texts in training, as in {@link HfCheckpoint#save}
   */
  record Base(HfCheckpoint checkpoint, Path tokenizer, OptionalInt eos) {
    private long bytes() {
      var companions =
          HfCheckpoint.companions(tokenizer).stream()
              // With tokenizer.model alone, a tokenizer.json is made of it, four times as large.
              .mapToLong(f -> f.toFile().length() * (f.endsWith("tokenizer.model") ? 5 : 1))
              .sum();
      return checkpoint.weightBytes() + companions + OVERHEAD;
    }
  }

  /**
   * All weights, in the base's types.
   *
   * @param whole as in {@link SavedModels#saveTrained}
   */
  record Model(
      String key, Path folder, Base base, LlamaModel model, Function<Parameter, Tensor> whole)
      implements ModelStore {
    @Override
    public Kind kind() {
      return Kind.MODEL;
    }

    @Override
    public long bytes() {
      return base.bytes();
    }

    @Override
    public void write(Path folder) throws IOException {
      SavedModels.saveTrained(folder, base.checkpoint, model, null, base.eos, whole);
    }
  }

  /**
   * The adapter alone, in PEFT's layout.
   *
   * @param baseName the model's name in the adapter's configuration
   * @param baseRevision its revision on the Hub; null for the usual one
   * @param whole as in {@link SavedModels#saveMerged}
   */
  record Adapter(
      String key,
      Path folder,
      LoraAdapter adapter,
      String baseName,
      @Nullable String baseRevision,
      Function<Parameter, Tensor> whole)
      implements ModelStore {
    @Override
    public Kind kind() {
      return Kind.ADAPTER;
    }

    @Override
    public long bytes() {
      var head = adapter.layers().get(LoraTargets.HEAD);
      var elements = adapter.parameters().stream().mapToLong(p -> p.wholeShape().elements()).sum();
      var headBytes = head == null ? 0 : head.weight().value().byteSize();
      return elements * Float.BYTES + headBytes + OVERHEAD;
    }

    @Override
    public void write(Path folder) throws IOException {
      PeftFormat.save(adapter, folder, baseName, baseRevision, whole);
    }
  }

  /**
   * All weights with the adapter merged in, W + (alpha/r)·B·A, in the base's types.
   *
   * @param whole as in {@link SavedModels#saveMerged}
   */
  record Merged(
      String key,
      Path folder,
      Base base,
      LoraAdapter adapter,
      Device device,
      Function<Parameter, Tensor> whole)
      implements ModelStore {
    @Override
    public Kind kind() {
      return Kind.MERGED;
    }

    @Override
    public long bytes() {
      return base.bytes();
    }

    @Override
    public void write(Path folder) throws IOException {
      SavedModels.saveMerged(
          folder, base.checkpoint, base.tokenizer, adapter, device, null, base.eos, whole);
    }
  }
}
