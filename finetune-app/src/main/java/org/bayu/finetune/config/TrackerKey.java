package org.bayu.finetune.config;

import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * The key {@code trainer.tracker}: one section with a {@code type}, or a list of them. Bayu writes
 * {@code metrics.jsonl} whatever it says, which is what {@code json_logger} asks for; {@code noop}
 * asks for nothing.
 */
final class TrackerKey {
  private static final String KEY = "tracker";
  private static final Set<String> WORKING = Set.of("noop", "json_logger");

  private TrackerKey() {}

  /**
   * Reads the key.
   *
   * @throws org.bayu.finetune.error.UserException if it asks for a tracker that there is not
   */
  static void check(ConfigSection trainer) {
    for (var tracker : trackers(trainer)) {
      var type = tracker.text("type");
      if (type == null || !WORKING.contains(type)) {
        throw trainer.bad(
            KEY,
            (type == null ? "the type is missing" : "Bayu has no tracker " + type + " yet")
                + "; metrics go to metrics.jsonl. Write {type: json_logger} or {type: noop}.");
      }
      tracker.text("logger_name");
      tracker.text("level");
    }
  }

  private static List<ConfigSection> trackers(ConfigSection trainer) {
    if (trainer.isList(KEY)) {
      return Objects.requireNonNull(trainer.sections(KEY));
    }
    var tracker = trainer.section(KEY);
    return trainer.isSection(KEY) ? List.of(tracker) : List.of();
  }
}
