package org.bayu.finetune.config;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.stream.Stream;
import org.bayu.finetune.error.Nearest;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * One of the trackers of {@code trainer.tracker}. Bayu writes {@code metrics.jsonl} whatever they
 * are, which is what {@code json_logger} asks for; {@code noop} asks for nothing.
 *
 * @param type which it is
 * @param wandb the keys of {@code wandb}; else null
 * @param tensorboard the keys of {@code tensorboard}; else null
 */
public record TrackerConfig(
    Type type,
    @JsonUnwrapped @Nullable WandbConfig wandb,
    @JsonUnwrapped @Nullable TensorBoardConfig tensorboard) {
  private static final String KEY = "tracker";

  /** The types that there are. */
  public enum Type {
    /** Weights &amp; Biases. */
    WANDB,
    /** TensorBoard. */
    TENSORBOARD,
    /** The file {@code metrics.jsonl}. */
    JSON_LOGGER,
    /** None. */
    NOOP
  }

  /**
   * Reads the key: a section with a {@code type}, or a list of them; null if it is absent.
   *
   * @param wandb the section {@code trainer.wandb}
   */
  static @Nullable List<TrackerConfig> read(ConfigSection trainer, @Nullable WandbConfig wandb) {
    if (!trainer.isList(KEY) && !trainer.isSection(KEY)) {
      trainer.section(KEY); // refuses a single value
      return null;
    }
    var sections =
        trainer.isList(KEY)
            ? Objects.requireNonNull(trainer.sections(KEY))
            : List.of(trainer.section(KEY));
    var trackers = new ArrayList<TrackerConfig>();
    var seen = EnumSet.noneOf(Type.class);
    for (var section : sections) {
      var type = type(trainer, section);
      if (!seen.add(type)) {
        throw trainer.bad(KEY, "has the type " + name(type) + " twice. Leave one of them out.");
      }
      if (type == Type.WANDB && wandb != null) {
        throw trainer.bad(
            KEY, "has the type wandb, and there is trainer.wandb too. Leave one of them out.");
      }
      trackers.add(read(type, section));
    }
    return List.copyOf(trackers);
  }

  private static TrackerConfig read(Type type, ConfigSection section) {
    if (type == Type.JSON_LOGGER) {
      section.text("logger_name");
      section.text("level");
    }
    return new TrackerConfig(
        type,
        type == Type.WANDB ? WandbConfig.of(section) : null,
        type == Type.TENSORBOARD ? TensorBoardConfig.of(section) : null);
  }

  private static Type type(ConfigSection trainer, ConfigSection section) {
    var text = section.text("type");
    var types = Stream.of(Type.values()).map(TrackerConfig::name).toList();
    var all = String.join(", ", types);
    if (text == null) {
      throw trainer.bad(KEY, "the type is missing. Write {type: …}, one of " + all + ".");
    }
    for (var type : Type.values()) {
      if (name(type).equals(text)) {
        return type;
      }
    }
    throw trainer.bad(
        KEY,
        "Bayu has no tracker %s. %s"
            .formatted(
                Printable.quote(text),
                Nearest.of(text, types)
                    .map(type -> "Did you mean " + type + "?")
                    .orElse("There are " + all + ".")));
  }

  private static String name(Type type) {
    return type.name().toLowerCase(Locale.ROOT);
  }
}
