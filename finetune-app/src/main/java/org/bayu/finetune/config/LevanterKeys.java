package org.bayu.finetune.config;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.bayu.finetune.config.ConfigNode.Scalar;
import org.bayu.finetune.error.UserException;

/**
 * The keys of Levanter (2025-09) that Bayu does not read, and what it says of each: a file that
 * both share is accepted as far as nothing that it asks for is left out in silence.
 */
final class LevanterKeys {
  private static final String ACCELERATORS = "about accelerators";
  private static final String CLUSTERS = "about clusters";
  private static final String JAX = "about JAX";
  private static final String WATCH =
      "statistics of weights and gradients, which Bayu does not log";

  /** What Bayu says of a key. */
  private sealed interface Answer {}

  /** The key is accepted; {@code about} says why it has no effect. */
  private record WithoutEffect(String about) implements Answer {}

  /**
   * The key is an error that says why.
   *
   * @param harmless the values, in small letters, that ask for nothing
   */
  private record Refused(String why, Set<String> harmless) implements Answer {}

  private static final Map<String, Answer> TABLE = table();

  /** By what they are about, the keys without effect that were written. */
  private final Map<String, Set<String>> ignored = new LinkedHashMap<>();

  private static Map<String, Answer> table() {
    var table = new LinkedHashMap<String, Answer>();
    ignored(
        table,
        ACCELERATORS,
        "trainer.quantization",
        "trainer.batch_axis",
        "trainer.fsdp_axis",
        "trainer.axis_resources",
        "trainer.parameter_axis_resources",
        "trainer.replica_ici_axis_size",
        "trainer.replica_dcn_axis_size",
        "trainer.per_device_eval_parallelism",
        "trainer.allow_nondivisible_batch_size",
        "trainer.require_accelerator");
    ignored(
        table,
        CLUSTERS,
        "trainer.distributed",
        "trainer.distributed.coordinator_address",
        "trainer.distributed.num_processes",
        "trainer.distributed.process_id",
        "trainer.distributed.local_device_ids",
        "trainer.ray",
        "trainer.ray.address",
        "trainer.ray.start_workers",
        "trainer.ray.auto_start_cluster",
        "trainer.shutdown_at_exit");
    ignored(
        table,
        JAX,
        "trainer.profiler",
        "trainer.profiler_start_step",
        "trainer.profiler_num_steps",
        "trainer.profiler_perfetto_link",
        "trainer.log_jaxprs",
        "trainer.log_xla_hlo",
        "trainer.jax_config",
        "trainer.jax_compilation_cache_dir");
    ignored(
        table,
        WATCH,
        "trainer.watch",
        "trainer.watch.watch_targets",
        "trainer.watch.include_norms",
        "trainer.watch.include_per_parameter_norms",
        "trainer.watch.include_histograms",
        "trainer.watch.split_scan_layers",
        "trainer.watch.interval");
    refuse(table, "trust_remote_code", "Bayu runs no code of a model's folder", "false");
    refuse(table, "model_cache_dir", "Bayu fetches no models from the Hugging Face Hub yet");
    refuse(
        table,
        "trainer.model_averaging",
        "averages the model's weights over the steps, which Bayu does not do");
    refuse(table, "trainer.log_dir", "Bayu keeps no log files yet; metrics go to metrics.jsonl");
    refuse(
        table,
        "trainer.crash_on_inf",
        "Bayu makes no difference between infinite and no number; crash_on_nan is for both",
        "true");
    refuse(
        table,
        "trainer.checkpointer.append_run_id_to_base_path",
        "without the run id two runs would share a folder, which Bayu does not allow",
        "true");
    refuse(
        table,
        "trainer.checkpointer.delete_old_temp_checkpoints",
        "Bayu keeps one temporary checkpoint; the list 'keep' says which others stay",
        "true");
    refuse(
        table,
        "trainer.allow_partial_checkpoint",
        "goes on from a checkpoint in which weights are missing, which Bayu does not do",
        "false");
    refuse(
        table,
        "optimizer.type",
        "another optimizer than adam (AdamW), which is the only one that Bayu has",
        "adam");
    refuse(table, "optimizer.haps", "an old name of the list optimizer.cycles; use that one");
    refuse(
        table,
        "optimizer.weight_decay_modules",
        "chooses which parameters decay; in Bayu these are the matrices of linear layers");
    refuse(
        table,
        "optimizer.default_weight_decay_mask",
        "false lets every parameter decay; in Bayu these are the matrices of linear layers",
        "true");
    refuse(table, "optimizer.nesterov", "Nesterov's momentum, which Bayu does not have", "false");
    refuse(
        table,
        "optimizer.update_rms_clipping",
        "limits the root mean square of each update, which Bayu does not do");
    refuse(
        table,
        "optimizer.clip_update_norm",
        "limits the norm of each update, which Bayu does not do; max_grad_norm limits gradients");
    refuse(
        table,
        "optimizer.skip_bad_steps",
        "leaves out steps whose loss or gradient stands out, which Bayu does not do",
        "false");
    refuse(
        table,
        "optimizer.adamc_weight_decay",
        "scales the decay with the learning rate once more, which Bayu does not do",
        "false");
    return table;
  }

  private static void ignored(Map<String, Answer> table, String about, String... paths) {
    for (var path : paths) {
      table.put(path, new WithoutEffect(about));
    }
  }

  private static void refuse(
      Map<String, Answer> table, String path, String why, String... harmless) {
    table.put(path, new Refused(why, Set.of(harmless)));
  }

  /**
   * Whether Levanter has the key, and the value may stand there.
   *
   * @throws UserException if the value asks for what Bayu does not do
   */
  boolean accepts(String path, ConfigNode value) {
    var answer = TABLE.get(path);
    var asks = !(value instanceof Scalar(var text, _) && text == null);
    switch (answer) {
      case null -> {
        return false;
      }
      case WithoutEffect(var about) -> {
        if (asks) {
          ignored.computeIfAbsent(about, _ -> new LinkedHashSet<>()).add(section(path));
        }
      }
      case Refused(var why, var harmless) -> {
        if (asks && !harmless.contains(word(value))) {
          throw UserException.usage(
              ConfigSection.place(path, value.where()) + why + ". Leave the key out.");
        }
      }
    }
    return true;
  }

  /** Whether Levanter has keys below this one, so that others there are misspelled. */
  static boolean hasKeysBelow(String path) {
    return TABLE.keySet().stream().anyMatch(key -> key.startsWith(path + "."));
  }

  /** All keys that Levanter has and Bayu does not read. */
  static Set<String> paths() {
    return TABLE.keySet();
  }

  /** The keys that may be written, though they have no effect. */
  static List<String> acceptedPaths() {
    return TABLE.entrySet().stream()
        .filter(entry -> entry.getValue() instanceof WithoutEffect)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** What was accepted without effect, a line for each reason. */
  List<String> notices() {
    var lines = new ArrayList<String>();
    ignored.forEach(
        (about, paths) ->
            lines.add("Without effect: %s (%s).".formatted(String.join(", ", paths), about)));
    return List.copyOf(lines);
  }

  /** The path up to its second name. */
  private static String section(String path) {
    var dot = path.indexOf('.', path.indexOf('.') + 1);
    return dot < 0 ? path : path.substring(0, dot);
  }

  /** A single value in small letters; none is empty. */
  private static String word(ConfigNode value) {
    if (!(value instanceof Scalar(var text, _)) || text == null) {
      return "";
    }
    var flag = ConfigSection.toFlag(text);
    return flag == null ? text.toLowerCase(Locale.ROOT) : flag.toString();
  }
}
