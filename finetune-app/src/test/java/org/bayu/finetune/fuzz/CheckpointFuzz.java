package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.bayu.finetune.CommandLineRun;
import org.bayu.finetune.SmallModel;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.model.Models;
import org.bayu.finetune.run.CheckpointSave;
import org.bayu.tensor.io.Crc32c;

/** {@code checkpoint.json} of a run's checkpoint, whose checksum is made right. */
public final class CheckpointFuzz {
  private static final List<String> FILES =
      List.of(
          "checkpoint.json",
          "parameters.safetensors",
          "first_moments.safetensors",
          "second_moments.safetensors");

  private static final String CHECKSUMS = "checksums.json";

  private static final Path FOLDER = FuzzedFile.temporaryFolder();
  private static final Path MODEL = model();

  static final FuzzedFile FILE = file(checkpoint(), FILES.getFirst(), CheckpointFuzz::read);

  private CheckpointFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static Path model() {
    try {
      return SmallModel.in(FOLDER);
    } catch (IOException e) {
      throw new IllegalStateException("no model", e);
    }
  }

  /** A checkpoint's file with the others beside it, all but the checksums. */
  static FuzzedFile file(Path checkpoint, String name, FuzzedFile.Parser parser) {
    var file = new FuzzedFile(name, parser);
    for (var companion : FILES) {
      if (!companion.equals(name)) {
        file.beside(checkpoint.resolve(companion));
      }
    }
    return file.seeds(checkpoint.resolve(name));
  }

  /** The checksums of the same checkpoint. */
  static FuzzedFile checksums() {
    return file(checkpoint(), CHECKSUMS, CheckpointFuzz::open);
  }

  /** That of a run of one step, made the first time. */
  private static Path checkpoint() {
    var checkpoint = FOLDER.resolve("runs/x/checkpoints/step-1");
    if (Files.exists(checkpoint)) {
      return checkpoint;
    }
    var run =
        CommandLineRun.of(
            "train",
            "--data=" + TestFiles.seed("rows.jsonl"),
            "--data_cache_dir=" + FOLDER.resolve("cache"),
            "--model_name_or_path=" + MODEL,
            "--lora={r: 1, target_modules: [q_proj]}",
            "--trainer.output_dir=" + FOLDER.resolve("runs"),
            "--trainer.id=x",
            "--trainer.num_train_steps=1",
            "--trainer.train_batch_size=1");
    if (run.exitCode() != ExitCode.DONE) {
      throw new IllegalStateException(run.err());
    }
    return checkpoint;
  }

  private static List<String> read(Path file) throws IOException {
    writeChecksums(Objects.requireNonNull(file.getParent()));
    return open(file);
  }

  /** Makes the checksums of a checkpoint's folder right. */
  static void writeChecksums(Path folder) throws IOException {
    var checksums = new ArrayList<String>();
    for (var name : FILES) {
      var path = folder.resolve(name);
      checksums.add(
          String.format(
              Locale.ROOT,
              "\"%s\": {\"bytes\": %d, \"crc32c\": \"%08x\"}",
              name,
              Files.size(path),
              Crc32c.of(path)));
    }
    Files.writeString(
        folder.resolve(CHECKSUMS), checksums.stream().collect(Collectors.joining(", ", "{", "}")));
  }

  /** Opens the checkpoint that a file is of. */
  private static List<String> open(Path file) throws IOException {
    var folder = Objects.requireNonNull(file.getParent());
    var messages = new ArrayList<String>();
    var flags = List.of("--model_name_or_path=" + MODEL);
    var environment = Map.of("HF_HUB_OFFLINE", "1", "HF_HUB_CACHE", "/nowhere/hub");
    try (var models = new Models(environment, new PrintWriter(Writer.nullWriter()))) {
      CheckpointSave.open(folder, flags, models, messages::add).close();
    }
    return messages;
  }
}
