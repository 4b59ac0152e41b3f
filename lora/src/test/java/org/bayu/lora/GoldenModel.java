package org.bayu.lora;

import java.io.IOException;
import java.nio.file.Path;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.nn.Linear;
import org.bayu.tensor.nn.Module;
import org.bayu.tensor.nn.Parameter;

/** The linear layers of the golden adapters' base under their paths, without what is between. */
final class GoldenModel extends Module {
  static final Path ADAPTERS = Path.of("src/test/resources/golden");
  static final Path FOLDER = Path.of("../llama-model/src/test/resources/golden/llama2");

  /** The layers of the open {@code model.safetensors}. */
  GoldenModel(SafetensorsFile weights) throws IOException {
    for (var name : weights.names()) {
      if (name.endsWith("_proj.weight") || name.equals("lm_head.weight")) {
        var path = name.substring(0, name.length() - ".weight".length());
        child(path, new Linear(new Parameter(name, weights.tensor(name), true), null));
      }
    }
  }

  static SafetensorsFile open() throws IOException {
    return SafetensorsFile.open(FOLDER.resolve("model.safetensors"));
  }
}
