package org.bayu.train.track.wandb;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What Weights &amp; Biases is told of a run.
 *
 * @param id the run's id, one of its project
 * @param entity user or team; null for the user's own
 * @param project the project's name; null for W&amp;B's default
 * @param name shown for the run; null lets W&amp;B make one up
 * @param tags the run's tags
 * @param group the experiment that the run belongs to; null for none
 */
public record WandbRun(
    String id,
    @Nullable String entity,
    @Nullable String project,
    @Nullable String name,
    List<String> tags,
    @Nullable String group) {
  /** Copies the tags. */
  public WandbRun {
    tags = List.copyOf(tags);
  }
}
