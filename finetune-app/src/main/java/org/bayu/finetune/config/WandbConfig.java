package org.bayu.finetune.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code trainer.wandb}: what Weights &amp; Biases would be told of the run.
 *
 * @param entity user or team
 * @param project the project's name
 * @param name the run's name there
 * @param tags the run's tags
 * @param id the run's id there
 * @param group the experiment that the run belongs to
 * @param mode online, offline or disabled
 * @param resume what to do with an earlier run of that id
 * @param saveCode true, false or the folder whose code is sent along
 * @param saveXlaDumps accepted; nothing here makes any
 */
public record WandbConfig(
    @Nullable String entity,
    @Nullable String project,
    @Nullable String name,
    @Nullable List<String> tags,
    @Nullable String id,
    @Nullable String group,
    @Nullable String mode,
    @Nullable String resume,
    @Nullable String saveCode,
    @Nullable String saveXlaDumps) {

  /** Reads the section; null if there is none. */
  static @Nullable WandbConfig read(ConfigSection trainer) {
    var keys = trainer.section("wandb");
    var wandb =
        new WandbConfig(
            keys.text("entity"),
            keys.text("project"),
            keys.text("name"),
            keys.texts("tags"),
            keys.text("id"),
            keys.text("group"),
            keys.text("mode"),
            keys.text("resume"),
            keys.text("save_code"),
            keys.text("save_xla_dumps"));
    return trainer.isSection("wandb") ? wandb : null;
  }
}
