package org.bayu.finetune.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bayu.train.checkpoint.CheckpointPolicy;
import org.bayu.train.checkpoint.CheckpointPolicy.Keep;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code trainer.checkpointer}.
 *
 * @param basePath holds a folder of checkpoints for each run; null for the run's own folder
 * @param saveInterval time from one temporary checkpoint to the next, of which only the newest is
 *     kept
 * @param keep which steps' checkpoints are kept for good, in the order of their ends
 */
public record CheckpointerConfig(@Nullable Path basePath, Interval saveInterval, List<Keep> keep) {

  /** The folder of checkpoints in a run's own folder. */
  public static final String FOLDER = "checkpoints";

  /** {@link CheckpointPolicy#DEFAULT}, in the run's own folder. */
  public static final CheckpointerConfig DEFAULT =
      new CheckpointerConfig(
          null, new Interval(CheckpointPolicy.DEFAULT.interval()), CheckpointPolicy.DEFAULT.keep());

  /**
   * A time span, written as numbers with the units d, h, m and s, or as seconds.
   *
   * @param time above 0
   */
  public record Interval(Duration time) {
    private static final Pattern UNITS =
        Pattern.compile("(?:(\\d{1,6})d)?(?:(\\d{1,6})h)?(?:(\\d{1,6})m)?(?:(\\d{1,9})s?)?");

    private static Interval read(ConfigSection keys) {
      var text = keys.text("save_interval");
      if (text == null) {
        return DEFAULT.saveInterval;
      }
      var units = UNITS.matcher(text);
      if (units.matches()) {
        var seconds =
            amount(units.group(1)) * 86_400
                + amount(units.group(2)) * 3600
                + amount(units.group(3)) * 60
                + amount(units.group(4));
        if (seconds > 0) {
          return new Interval(Duration.ofSeconds(seconds));
        }
      }
      throw keys.expected("save_interval", "a time such as 15m, 1h30m or 90s");
    }

    private static long amount(@Nullable String digits) {
      return digits == null ? 0 : Long.parseLong(digits);
    }

    /** The time in seconds, with the unit. */
    @JsonValue
    @Override
    public String toString() {
      return time.toSeconds() + "s";
    }
  }

  /**
   * The folder of a run's checkpoints.
   *
   * @param runFolder the run's own folder
   */
  public Path folder(String runId, Path runFolder) {
    return basePath == null ? runFolder.resolve(FOLDER) : basePath.resolve(runId);
  }

  /** The same for the library. */
  public CheckpointPolicy policy() {
    return new CheckpointPolicy(saveInterval.time, keep);
  }

  static CheckpointerConfig read(ConfigSection keys) {
    var interval = Interval.read(keys);
    var rules = keys.sections("keep");
    if (rules == null) {
      return new CheckpointerConfig(keys.path("base_path"), interval, DEFAULT.keep);
    }
    var keep = new ArrayList<Keep>();
    var last = 0;
    for (var rule : rules) {
      if (last == Integer.MAX_VALUE) {
        throw keys.bad("keep", "the rule before the last has no 'until'.");
      }
      var until = rule.whole("until", Integer.MAX_VALUE, last + 1);
      keep.add(new Keep(rule.whole("every", 10_000, 1), until == Integer.MAX_VALUE ? null : until));
      last = until;
    }
    return new CheckpointerConfig(keys.path("base_path"), interval, keep);
  }
}
