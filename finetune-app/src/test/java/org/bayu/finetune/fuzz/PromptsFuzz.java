package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.finetune.config.TrainConfig;

/** The JSON file that the key {@code prompts} names. */
public final class PromptsFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("prompts.json", PromptsFuzz::read)
          .seed(
              "{\"prompt_input\": \"a {instruction} b {input}\", \"prompt_no_input\": \"{instruction}\"}"
                  .getBytes(UTF_8));

  private PromptsFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    TrainConfig.load(null, List.of("--data=x", "--prompts=" + file), TestFiles.HERE)
        .toYaml(TestFiles.HERE);
    return List.of();
  }
}
