package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.TestFiles;
import org.bayu.llama.hf.ModelFolder;

/** {@code config.json} beside the weights of a model. */
public final class ConfigFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("config.json", ConfigFuzz::read)
          .beside(TestFiles.golden("llama2/model.safetensors"))
          .seeds(TestFiles.golden("llama2/config.json"));

  private ConfigFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    try (var model = ModelFolder.open(Objects.requireNonNull(file.getParent()))) {
      return model.notes();
    }
  }
}
