package org.bayu.finetune.fuzz;

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
              TestFiles.project("examples/viggo-full.yaml"));

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
