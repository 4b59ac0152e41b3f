package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.config.TrainConfig;

/** A configuration in YAML, read and written again. */
public final class YamlFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("run.yaml", YamlFuzz::read)
          .seeds(
              TestFiles.seed("run.yaml"),
              TestFiles.project("examples/viggo-lora.yaml"),
              TestFiles.project("examples/viggo-full.yaml"))
          .seed(
              """
              {"data": "rows.jsonl", "max_tune_length": 64, "mask_inputs": true,
               "prompts": {"prompt_input": "{instruction} {input}", "prompt_no_input": "{instruction}"},
               "lora": {"r": 8, "alpha": 16.5, "dropout": 0.1, "target_modules": ["q_proj", "v_proj"]},
               "optimizer": {"learning_rate": 1e-4, "weight_decay": 0.1, "warmup": 0.1,
                 "lr_schedule": "cosine", "max_grad_norm": 1},
               "trainer": {"id": "x", "seed": 3, "mp": "p=f32,c=bfloat16", "train_batch_size": 4,
                 "num_train_steps": 10, "wandb": {"project": "p", "tags": ["a", "b"]},
                 "checkpointer": {"save_interval": "15m", "keep": [{"every": 50, "until": 200}]}}}
              """
                  .getBytes(UTF_8));

  private YamlFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    var config = TrainConfig.load(file, List.of(), TestFiles.HERE);
    config.toYaml(TestFiles.HERE);
    return config.notices();
  }
}
