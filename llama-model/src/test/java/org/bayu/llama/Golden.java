package org.bayu.llama;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;

/** The golden model folders, which Transformers wrote (tools/golden/README.md). */
final class Golden {
  private Golden() {}

  static Path folder(String variant) {
    return Path.of("src/test/resources/golden").resolve(variant);
  }

  static JsonNode json(String variant, String file) throws IOException {
    return new ObjectMapper().readTree(folder(variant).resolve(file).toFile());
  }

  static int[] ints(JsonNode numbers) {
    var ints = new int[numbers.size()];
    for (var i = 0; i < ints.length; i++) {
      ints[i] = numbers.get(i).intValue();
    }
    return ints;
  }
}
