package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.TestFiles;
import org.bayu.llama.hf.ModelFolder;

/** {@code generation_config.json} of a model. */
public final class GenerationConfigFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("generation_config.json", GenerationConfigFuzz::read)
          .beside(TestFiles.golden("llama2/config.json"))
          .beside(TestFiles.golden("llama2/model.safetensors"))
          .seed(
              "{\"eos_token_id\": [2, 7], \"max_length\": 20, \"do_sample\": true}".getBytes(UTF_8))
          .seed("{\"eos_token_id\": 2, \"transformers_version\": \"5.18.0\"}".getBytes(UTF_8));

  private GenerationConfigFuzz() {}

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
      model.checkpoint().stopTokens();
      return model.notes();
    }
  }
}
