package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.CommandLineRun;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.optim.AdamW;
import org.bayu.train.TrainState;
import org.bayu.train.checkpoint.Checkpoint;

/** The second moments of a run whose optimizer state has 8 bits; their checksum is made right. */
public final class EightBitFuzz {
  /** As small as it can be with embeddings of more than 4096 elements, whose moments are codes. */
  private static final String CONFIG =
      """
      {"model_type": "llama", "hidden_size": 8, "intermediate_size": 8, "vocab_size": 600,
       "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2,
       "max_position_embeddings": 64, "rms_norm_eps": 1e-5,
       "bos_token_id": 594, "eos_token_id": 595, "tie_word_embeddings": false}
      """;

  private static final Path FOLDER = FuzzedFile.temporaryFolder();
  private static final Path MODEL = model();
  private static final TrainState STATE = state();

  static final FuzzedFile FILE = file();

  private EightBitFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static Path model() {
    var model = FOLDER.resolve("model");
    try {
      var config = Files.writeString(FOLDER.resolve("config.json"), CONFIG);
      run("init", "--config=" + config, "--output=" + model);
      for (var name : List.of("tokenizer.json", "tokenizer_config.json")) {
        Files.copy(TestFiles.golden("tokenizer/byte-level").resolve(name), model.resolve(name));
      }
    } catch (IOException e) {
      throw new IllegalStateException("no model", e);
    }
    return model;
  }

  private static void run(String... command) {
    var run = CommandLineRun.of((Object[]) command);
    if (run.exitCode() != ExitCode.DONE) {
      throw new IllegalStateException(run.err());
    }
  }

  private static TrainState state() {
    try (var folder = ModelFolder.open(MODEL)) {
      var model = new LlamaModel(folder.checkpoint().config(), folder.checkpoint().weights());
      model.parameters().forEach(parameter -> parameter.train(Arena.global()));
      var adamW = new AdamW.Settings(0.9, 0.999, 1e-8, 0, AdamW.Moments.EIGHT_BIT);
      return new TrainState(model, null, Devices.cpu(), adamW, 0);
    } catch (IOException e) {
      throw new IllegalStateException("no model", e);
    }
  }

  private static FuzzedFile file() {
    run(
        "train",
        "--data=" + TestFiles.seed("rows.jsonl"),
        "--data_cache_dir=" + FOLDER.resolve("cache"),
        "--model_name_or_path=" + MODEL,
        "--optimizer.state=8bit",
        "--trainer.output_dir=" + FOLDER.resolve("runs"),
        "--trainer.id=x",
        "--trainer.num_train_steps=1",
        "--trainer.train_batch_size=1");
    return CheckpointFuzz.file(
        FOLDER.resolve("runs/x/checkpoints/step-1"),
        "second_moments.safetensors",
        EightBitFuzz::read);
  }

  private static List<String> read(Path file) throws IOException {
    var folder = Objects.requireNonNull(file.getParent());
    CheckpointFuzz.writeChecksums(folder);
    Checkpoint.open(folder).load(STATE);
    return List.of();
  }
}
