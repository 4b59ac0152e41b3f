package org.bayu.finetune.config;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The section {@code trainer.wandb}, or a tracker of the type {@code wandb}: what Weights &amp;
 * Biases is told of the run.
 *
 * @param entity user or team
 * @param project the project's name
 * @param name the run's name there
 * @param tags the run's tags
 * @param id the run's id there; null for the run's own
 * @param group the experiment that the run belongs to
 * @param mode online, offline or disabled; null for online if there is a key, else offline
 * @param resume accepted; a run always goes on in its own
 * @param saveCode accepted; no code is sent
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

  private static final Set<String> MODES =
      new LinkedHashSet<>(List.of("online", "offline", "disabled"));

  /** Reads the section {@code trainer.wandb}; null if there is none. */
  static @Nullable WandbConfig read(ConfigSection trainer) {
    var wandb = of(trainer.section("wandb"));
    return trainer.isSection("wandb") ? wandb : null;
  }

  /** Reads the keys. */
  static WandbConfig of(ConfigSection keys) {
    var id = keys.text("id");
    if (id != null && !RunId.isName(id)) {
      throw keys.expected("id", "a name of letters, digits and . _ -");
    }
    return new WandbConfig(
        keys.text("entity"),
        keys.text("project"),
        keys.text("name"),
        keys.texts("tags"),
        id,
        keys.text("group"),
        keys.text("mode") == null ? null : keys.choice("mode", MODES, ""),
        keys.text("resume"),
        keys.text("save_code"),
        keys.text("save_xla_dumps"));
  }
}
