package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import org.bayu.llama.hf.ConfigJson;
import org.junit.jupiter.api.Test;

class ModelFlopsTest {
  @Test
  void aModelsOperationsAreThoseThatLevanterCounts() throws IOException {
    var config =
        ConfigJson.read(Path.of("../llama-model/src/test/resources/golden/llama2/config.json"));
    // 3 · 100 · lm_flops_per_token, by Levanter's own function.
    assertEquals(19459200.0, new ModelFlops(config).of(100));
  }
}
