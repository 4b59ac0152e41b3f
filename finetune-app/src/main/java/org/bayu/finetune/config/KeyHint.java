package org.bayu.finetune.config;

import static java.util.Map.entry;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bayu.finetune.error.Nearest;

/** What a key that is not known may be meant for. */
final class KeyHint {
  /** By key, the names by which other trainers, or people, call what it says. */
  private static final Map<String, Set<String>> EVERYDAY =
      Map.ofEntries(
          entry("optimizer.learning_rate", Set.of("lr", "rate")),
          entry("optimizer.weight_decay", Set.of("wd", "decay_rate")),
          entry(
              "optimizer.lr_schedule",
              Set.of("lr_scheduler", "lr_scheduler_type", "scheduler", "schedule")),
          entry("optimizer.warmup", Set.of("warmup_steps", "warmup_ratio")),
          entry("optimizer.beta1", Set.of("adam_beta1")),
          entry("optimizer.beta2", Set.of("adam_beta2")),
          entry("optimizer.epsilon", Set.of("adam_epsilon", "eps")),
          entry("optimizer.max_grad_norm", Set.of("grad_clip", "gradient_clipping", "clip")),
          entry(
              "trainer.train_batch_size",
              Set.of("batch_size", "batch", "bs", "per_device_train_batch_size")),
          entry(
              "trainer.num_train_steps",
              Set.of("steps", "max_steps", "num_steps", "train_steps", "iters")),
          entry(
              "trainer.num_train_steps (epochs × rows ÷ trainer.train_batch_size)",
              Set.of("epochs", "epoch", "num_epochs", "num_train_epochs")),
          entry(
              "trainer.per_device_parallelism",
              Set.of("micro_batch_size", "gradient_accumulation_steps", "grad_accum")),
          entry("trainer.steps_per_eval", Set.of("eval_steps", "eval_every", "eval_interval")),
          entry("trainer.mp", Set.of("dtype", "precision", "bf16", "fp16", "torch_dtype")),
          entry("trainer.id", Set.of("run_id", "run_name", "name")),
          entry("trainer.load_checkpoint", Set.of("resume", "auto_resume")),
          entry(
              "trainer.load_checkpoint_path",
              Set.of("resume_from_checkpoint", "resume_from", "checkpoint_path", "checkpoint")),
          entry("hf_save_steps", Set.of("save_steps", "save_every", "save_interval")),
          entry("hf_save_path", Set.of("output", "out", "output_path", "save", "save_path")),
          entry("merged_hf_save_path", Set.of("merged", "merge")),
          entry(
              "model_name_or_path",
              Set.of("model", "base_model", "model_path", "model_name", "base")),
          entry("data", Set.of("dataset", "train_data", "train_file", "training_data", "input")),
          entry(
              "eval_data", Set.of("eval", "eval_file", "valid", "validation", "val_data", "test")),
          entry(
              "max_tune_length",
              Set.of("max_length", "max_seq_length", "seq_length", "seq_len", "context")),
          entry("lora.r", Set.of("rank", "lora_r", "lora_rank")),
          entry("lora.alpha", Set.of("lora_alpha")),
          entry("lora.dropout", Set.of("lora_dropout")),
          entry("lora.target_modules", Set.of("lora_target_modules", "modules")),
          entry("lora.initialize_from", Set.of("adapter", "adapter_path")),
          entry("config_path", Set.of("config", "config_file", "conf", "yaml")));

  private KeyHint() {}

  /** The known key which may be meant: what others call so, else the one with fewest edits. */
  static Optional<String> of(String path, Collection<String> known) {
    var name = Nearest.lastName(Nearest.plain(path));
    return EVERYDAY.entrySet().stream()
        .filter(key -> key.getValue().contains(name))
        .map(Map.Entry::getKey)
        .filter(key -> known.contains(key.split(" ", 2)[0]))
        .findFirst()
        .or(() -> Nearest.key(path, known));
  }
}
