package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.bayu.finetune.TestFiles;
import org.bayu.tensor.io.ShardedSafetensors;

/** {@code model.safetensors.index.json} beside its shards. */
public final class ShardIndexFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("model.safetensors.index.json", ShardIndexFuzz::read)
          .beside(TestFiles.golden("llama3-scaling/model-00001-of-00003.safetensors"))
          .beside(TestFiles.golden("llama3-scaling/model-00002-of-00003.safetensors"))
          .beside(TestFiles.golden("llama3-scaling/model-00003-of-00003.safetensors"))
          .seeds(TestFiles.golden("llama3-scaling/model.safetensors.index.json"));

  private ShardIndexFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    try (var shards = ShardedSafetensors.open(Objects.requireNonNull(file.getParent()))) {
      for (var name : shards.names()) {
        shards.tensor(name);
      }
    }
    return List.of();
  }
}
