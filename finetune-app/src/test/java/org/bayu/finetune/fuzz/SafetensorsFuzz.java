package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.tensor.io.SafetensorsFile;

/** A safetensors file: its header, and the first and the last byte of each tensor. */
public final class SafetensorsFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("model.safetensors", SafetensorsFuzz::read)
          .seeds(
              TestFiles.project("tensor-core/src/test/resources/golden/dtypes.safetensors"),
              TestFiles.project(
                  "lora/src/test/resources/golden/one-layer/adapter_model.safetensors"))
          .seeds(TestFiles.golden("llama3-scaling/model-00003-of-00003.safetensors"));

  private SafetensorsFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path path) throws IOException {
    try (var file = SafetensorsFile.open(path)) {
      for (var entry : file.entries()) {
        var bytes = file.bytes(entry.name());
        if (bytes.byteSize() > 0) {
          bytes.get(ValueLayout.JAVA_BYTE, 0);
          bytes.get(ValueLayout.JAVA_BYTE, bytes.byteSize() - 1);
        }
        if (entry.dtype() != null) {
          file.tensor(entry.name());
        }
      }
    }
    return List.of();
  }
}
