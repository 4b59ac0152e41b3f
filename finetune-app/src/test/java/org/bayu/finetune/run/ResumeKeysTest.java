package org.bayu.finetune.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bayu.finetune.config.CheckpointerConfig;
import org.bayu.finetune.config.LoraSettings;
import org.bayu.finetune.config.OptimizerConfig;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.config.TrainerConfig;
import org.bayu.finetune.config.WandbConfig;
import org.junit.jupiter.api.Test;

/** A new key fails here until it is decided whether it may differ when a run goes on. */
class ResumeKeysTest {
  private static final Set<String> MAY_DIFFER =
      Set.of(
          // Where things are: what is there is compared itself.
          "data",
          "data_cache_dir",
          "skip_bad_rows",
          "model_name_or_path",
          "lora.initialize_from",
          // What is written, where and when.
          "hf_save_path",
          "hf_save_steps",
          "merged_hf_save_path",
          "hf_upload",
          "merged_hf_upload",
          "trainer.id",
          "trainer.output_dir",
          "trainer.checkpointer.base_path",
          "trainer.checkpointer.save_interval",
          "trainer.checkpointer.keep",
          "trainer.wandb.entity",
          "trainer.wandb.project",
          "trainer.wandb.name",
          "trainer.wandb.tags",
          "trainer.wandb.id",
          "trainer.wandb.group",
          "trainer.wandb.mode",
          "trainer.wandb.resume",
          "trainer.wandb.save_code",
          "trainer.wandb.save_xla_dumps",
          "trainer.tracker",
          "trainer.report",
          "trainer.eval_predictions",
          // Evaluations change nothing.
          "eval_data",
          "trainer.steps_per_eval",
          "trainer.max_eval_batches",
          // How far, and from where.
          "trainer.num_train_steps",
          "trainer.load_checkpoint",
          "trainer.load_checkpoint_path",
          "trainer.initialize_from",
          "trainer.crash_on_nan",
          // The machine's memory; what it changes is said.
          "trainer.max_tokens_per_microbatch",
          "trainer.gradient_checkpointing",
          // Who computes what.
          "trainer.gradient_sums",
          "trainer.model_axis_size",
          "trainer.tensor_parallel_axes");

  private static final Set<String> MUST_BE_EQUAL =
      Set.of(
          "special_tokens_in_rows",
          "prompts",
          "mask_inputs",
          "mask_offset",
          "max_tune_length",
          "trainer.seed",
          "trainer.mp",
          "trainer.train_batch_size",
          "trainer.per_device_parallelism",
          "trainer.prefix_sharing",
          "optimizer.learning_rate",
          "optimizer.weight_decay",
          "optimizer.beta1",
          "optimizer.beta2",
          "optimizer.epsilon",
          "optimizer.max_grad_norm",
          "optimizer.lr_schedule",
          "optimizer.min_lr_ratio",
          "optimizer.warmup",
          "optimizer.decay",
          "optimizer.rewarmup",
          "optimizer.cooldown",
          "optimizer.cycles",
          "optimizer.weights",
          "optimizer.state",
          "lora.r",
          "lora.alpha",
          "lora.dropout",
          "lora.target_modules");

  private static final List<Class<?>> SECTIONS =
      List.of(
          TrainConfig.class,
          TrainerConfig.class,
          OptimizerConfig.class,
          LoraSettings.class,
          CheckpointerConfig.class,
          WandbConfig.class);

  private static void addKeys(Class<?> section, String prefix, Set<String> keys) {
    for (var component : section.getRecordComponents()) {
      if (!isIgnored(section, component)) {
        var key = prefix + new SnakeCaseStrategy().translate(component.getName());
        if (SECTIONS.contains(component.getType())) {
          addKeys(component.getType(), key + ".", keys);
        } else {
          keys.add(key);
        }
      }
    }
  }

  private static boolean isIgnored(Class<?> section, RecordComponent component) {
    return component.getAccessor().isAnnotationPresent(JsonIgnore.class)
        || (section == TrainConfig.class && component.getName().equals("notices"));
  }

  @Test
  void everyKeyIsDecided() {
    var keys = new TreeSet<String>();
    addKeys(TrainConfig.class, "", keys);
    var decided = new TreeSet<>(MAY_DIFFER);
    decided.addAll(MUST_BE_EQUAL);
    assertEquals(decided, keys);
    assertEquals(keys.size(), MAY_DIFFER.size() + MUST_BE_EQUAL.size());
  }

  @Test
  void eachIsAsItWasDecided() {
    MAY_DIFFER.forEach(key -> assertTrue(ResumeKeys.mayDiffer(key), key));
    MUST_BE_EQUAL.forEach(key -> assertFalse(ResumeKeys.mayDiffer(key), key));
    assertFalse(ResumeKeys.mayDiffer("prompts.prompt_input"));
    assertTrue(ResumeKeys.mayDiffer("trainer.wandb"));
    assertTrue(ResumeKeys.mayDiffer("trainer.tracker.type"));
  }
}
