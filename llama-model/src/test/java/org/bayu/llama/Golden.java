package org.bayu.llama;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;

/** The golden model folders, which Transformers wrote (tools/golden/README.md). */
@SuppressWarnings("exports") // tests alone see it
public final class Golden {
  private Golden() {}

  public static Path folder(String variant) {
    return Path.of("src/test/resources/golden").resolve(variant);
  }

  public static JsonNode json(String variant, String file) throws IOException {
    return new ObjectMapper().readTree(folder(variant).resolve(file).toFile());
  }

  public static int[] ints(JsonNode numbers) {
    var ints = new int[numbers.size()];
    for (var i = 0; i < ints.length; i++) {
      ints[i] = numbers.get(i).intValue();
    }
    return ints;
  }
}
