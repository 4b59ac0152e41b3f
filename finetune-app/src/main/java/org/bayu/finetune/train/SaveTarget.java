package org.bayu.finetune.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.lora.LoraTargets;

/**
 * One of the things that a run saves again and again.
 *
 * @param key of the configuration, which names the place
 * @param folder holds a folder for each save
 * @param bytes of a save
 */
record SaveTarget(String key, Kind kind, Path folder, long bytes) {
  /** Headers, configuration and names, at most. */
  private static final long OVERHEAD = 1 << 20;

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

  /** The targets that a configuration names. */
  static List<SaveTarget> of(TrainConfig config, RunInputs inputs) {
    var targets = new ArrayList<SaveTarget>();
    var id = config.trainer().id();
    if (config.hfSavePath() != null) {
      targets.add(rescue(inputs, "hf_save_path", config.hfSavePath().resolve(id)));
    }
    if (config.mergedHfSavePath() != null) {
      targets.add(
          new SaveTarget(
              "merged_hf_save_path",
              Kind.MERGED,
              config.mergedHfSavePath().resolve(id),
              modelBytes(inputs)));
    }
    return targets;
  }

  /** All that is trained, in the least space. */
  static SaveTarget rescue(RunInputs inputs, String key, Path folder) {
    var adapter = inputs.shape().adapter();
    if (adapter == null) {
      return new SaveTarget(key, Kind.MODEL, folder, modelBytes(inputs));
    }
    var head = adapter.layers().get(LoraTargets.HEAD);
    var elements = adapter.parameters().stream().mapToLong(p -> p.value().elements()).sum();
    var headBytes = head == null ? 0 : head.weight().value().byteSize();
    return new SaveTarget(key, Kind.ADAPTER, folder, elements * Float.BYTES + headBytes + OVERHEAD);
  }

  private static long modelBytes(RunInputs inputs) {
    var companions =
        HfCheckpoint.companions(inputs.tokenizer()).stream()
            // With tokenizer.model alone, a tokenizer.json is made of it, four times as large.
            .mapToLong(file -> file.toFile().length() * (file.endsWith("tokenizer.model") ? 5 : 1))
            .sum();
    return inputs.mappedBytes() + companions + OVERHEAD;
  }

  /** Where the save after {@code steps} steps goes. */
  Path path(int steps) {
    return folder.resolve(name(steps));
  }

  /** The name of a save's folder. */
  static String name(int steps) {
    return "step-" + steps;
  }
}
