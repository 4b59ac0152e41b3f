package org.bayu.finetune.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.train.files.AtomicFile;

/** The base model that is in the jar; tools/base in the sources has how it was made. */
final class BaseModel {
  private static final List<String> FILES =
      List.of(
          "README.md",
          "config.json",
          "generation_config.json",
          "model.safetensors",
          "tokenizer.json",
          "tokenizer.model",
          "tokenizer_config.json");

  private BaseModel() {}

  /** Writes the model's folder. */
  static void write(Path folder) throws IOException {
    for (var name : FILES) {
      AtomicFile.write(
          folder.resolve(name),
          out -> {
            try (var file = BaseModel.class.getResourceAsStream("base/" + name)) {
              out.write(Objects.requireNonNull(file, name).readAllBytes());
            }
          });
    }
  }
}
