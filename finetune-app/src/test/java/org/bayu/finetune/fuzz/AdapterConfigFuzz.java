package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.TestFiles;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.lora.PeftFormat;

/** {@code adapter_config.json} beside an adapter's weights, with which a model is adapted. */
public final class AdapterConfigFuzz {
  private static final Path ADAPTER =
      TestFiles.project("lora/src/test/resources/golden/all-linear");

  static final FuzzedFile FILE =
      new FuzzedFile("adapter_config.json", AdapterConfigFuzz::read)
          .beside(ADAPTER.resolve("adapter_model.safetensors"))
          .seeds(ADAPTER.resolve("adapter_config.json"));

  private AdapterConfigFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    var folder = Objects.requireNonNull(file.getParent());
    try (var model = ModelFolder.open(TestFiles.golden("llama2"));
        var adapter = PeftFormat.load(folder, model.model())) {
      adapter.layers();
      return model.notes();
    }
  }
}
