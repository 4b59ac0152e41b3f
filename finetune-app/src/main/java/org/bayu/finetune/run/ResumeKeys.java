package org.bayu.finetune.run;

import java.util.Set;

/**
 * Which keys of the configuration may differ from those of the checkpoint that a run goes on from.
 * Everything else decides the run's bits and must be equal. A path may differ where what it leads
 * to is compared itself: the data's rows and the base model's tensors.
 */
final class ResumeKeys {
  /** A key, or the beginning of keys with a dot at its end. */
  private static final Set<String> MAY_DIFFER =
      Set.of(
          "data",
          "eval_data",
          "data_cache_dir",
          "skip_bad_rows",
          "model_name_or_path",
          "hf_save_path",
          "hf_save_steps",
          "merged_hf_save_path",
          "hf_upload",
          "merged_hf_upload",
          "lora.initialize_from",
          "trainer.id",
          "trainer.num_train_steps",
          "trainer.max_tokens_per_microbatch",
          "trainer.gradient_checkpointing",
          "trainer.gradient_sums",
          "trainer.steps_per_eval",
          "trainer.max_eval_batches",
          "trainer.output_dir",
          "trainer.checkpointer.",
          "trainer.load_checkpoint",
          "trainer.load_checkpoint_path",
          "trainer.initialize_from",
          "trainer.crash_on_nan",
          "trainer.wandb",
          "trainer.wandb.",
          "trainer.tracker",
          "trainer.tracker.",
          "trainer.report",
          "trainer.eval_predictions",
          "trainer.model_axis_size",
          "trainer.tensor_parallel_axes");

  private ResumeKeys() {}

  /** Whether a key may differ, by its dotted name. */
  static boolean mayDiffer(String key) {
    for (var end = key.length(); end > 0; end = key.lastIndexOf('.', end - 2) + 1) {
      if (MAY_DIFFER.contains(key.substring(0, end))) {
        return true;
      }
    }
    return false;
  }
}
