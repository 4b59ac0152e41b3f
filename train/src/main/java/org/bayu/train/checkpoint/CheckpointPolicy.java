package org.bayu.train.checkpoint;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * When checkpoints are written.
 *
 * @param interval time from one temporary checkpoint to the next; only the newest one stays
 * @param keep which steps' checkpoints stay for good; the rules are in the order of their ends
 */
public record CheckpointPolicy(Duration interval, List<Keep> keep) {
  /** Levanter's default: a temporary one every 15 minutes, and one every 10,000 steps for good. */
  public static final CheckpointPolicy DEFAULT =
      new CheckpointPolicy(Duration.ofMinutes(15), List.of(new Keep(10_000, null)));

  /**
   * A rule.
   *
   * @param every steps from one kept checkpoint to the next
   * @param until the last step that the rule is for; null for no end
   */
  public record Keep(int every, @Nullable Integer until) {}

  /** Whether the checkpoint after {@code done} steps stays for good. */
  boolean keeps(int done) {
    return keep.stream()
        .filter(rule -> rule.until == null || done <= rule.until)
        .findFirst()
        .map(rule -> done % rule.every == 0)
        .orElse(false);
  }
}
