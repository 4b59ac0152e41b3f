package org.bayu.llama.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.llama.Golden;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.tensor.DType;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What ends a text: {@code generation_config.json}, as Transformers reads it. */
class GenerationConfigTest {
  private static final Path GENERATION = Path.of("src/test/resources/golden/generation.json");

  @TempDir private Path folder;

  @BeforeEach
  void copyModel() throws IOException {
    for (var file : List.of("config.json", "model.safetensors")) {
      Files.copy(Golden.folder("llama2").resolve(file), folder.resolve(file));
    }
  }

  private void generationConfig(String json) throws IOException {
    Files.writeString(folder.resolve("generation_config.json"), json);
  }

  private List<Integer> stopTokens() throws IOException {
    try (var checkpoint = HfCheckpoint.open(folder)) {
      return checkpoint.stopTokens();
    }
  }

  private String saved(OptionalInt eos) throws IOException {
    var target = folder.resolve("saved");
    try (var base = HfCheckpoint.open(folder)) {
      HfCheckpoint.save(target, base, null, eos, base.weights());
    }
    var file = target.resolve("generation_config.json");
    return Files.exists(file) ? Files.readString(file) : "none";
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"eos_token_id\": [2, 456]}|[2, 456]",
        "{\"eos_token_id\": [456, 456]}|[456]",
        "{\"eos_token_id\": 7}|[7]",
        "{\"eos_token_id\": null}|[2]",
        "{\"eos_token_id\": []}|[2]",
        "{\"eos_token_id\": -1}|[2]",
        "{}|[2]"
      })
  void stopTokensAreTheGenerationConfigsElseTheConfigs(String json, String expected)
      throws IOException {
    generationConfig(json);
    assertEquals(expected, stopTokens().toString());
  }

  @Test
  void withoutAGenerationConfigTheConfigsTokensStop() throws IOException {
    assertEquals(List.of(2), stopTokens());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"eos_token_id\": \"2\"}|eos_token_id is \"2\", not a token",
        "{\"eos_token_id\": [1.5]}|eos_token_id holds 1.5, not a token",
        "[]|is not a JSON object"
      })
  void malformedGenerationConfigIsRefused(String json, String reason) throws IOException {
    generationConfig(json);
    var e = assertThrows(MalformedFileException.class, () -> HfCheckpoint.open(folder).close());
    assertEquals(folder.resolve("generation_config.json") + ": " + reason, e.getMessage());
  }

  @Test
  void savedGenerationConfigNamesTheTrainedEosToo() throws IOException {
    generationConfig("{\"do_sample\": true, \"eos_token_id\": 7, \"temperature\": 0.60}");
    assertEquals(
        """
        {
          "do_sample": true,
          "eos_token_id": [
            7,
            5
          ],
          "temperature": 0.60
        }
        """,
        saved(OptionalInt.of(5)));
  }

  @Test
  void generationConfigThatNamesTheTrainedEosIsCopied() throws IOException {
    var json = "{ \"eos_token_id\":[ 7,5 ]}";
    generationConfig(json);
    assertEquals(json, saved(OptionalInt.of(5)));
  }

  @Test
  void generationConfigWithoutTokensGetsTheConfigsAndTheTrainedEos() throws IOException {
    generationConfig("{}");
    var json = new ObjectMapper().readTree(saved(OptionalInt.of(5)));
    assertEquals("[2,5]", json.get("eos_token_id").toString());
  }

  @Test
  void generationConfigIsCreatedForTheTrainedEos() throws IOException {
    var json = new ObjectMapper().readTree(saved(OptionalInt.of(2)));
    assertEquals("{\"bos_token_id\":1,\"eos_token_id\":2}", json.toString());
  }

  @Test
  void withoutATrainedEosNothingIsCreated() throws IOException {
    assertFalse(saved(OptionalInt.empty()).contains("{"));
    assertTrue(Files.exists(folder.resolve("saved/config.json")));
  }

  /** A case of the golden generation.json: what Transformers generates with a folder's files. */
  private List<Integer> generated(Path model) throws IOException {
    var prompt = Golden.ints(new ObjectMapper().readTree(GENERATION.toFile()).get("prompt"));
    try (var checkpoint = HfCheckpoint.open(model);
        var device = Devices.cpu(2)) {
      var stop = new IntOpenHashSet(checkpoint.stopTokens());
      var tokens =
          new Generator(
                  new LlamaModel(checkpoint.config(), checkpoint.weights()),
                  device,
                  DType.F32,
                  stop)
              .generate(List.of(prompt), 12, Sampling.GREEDY, (number, token) -> {});
      return tokens.getFirst();
    }
  }

  @Test
  void textsEndWhereTransformersEndsThemBeforeAndAfterASave() throws IOException {
    var mapper = new ObjectMapper();
    for (var golden : mapper.readTree(GENERATION.toFile()).get("cases")) {
      var config = (ObjectNode) mapper.readTree(folder.resolve("config.json").toFile());
      config.set("eos_token_id", golden.get("config_eos"));
      Files.writeString(folder.resolve("config.json"), config.toString());
      Files.deleteIfExists(folder.resolve("generation_config.json"));
      if (!golden.get("generation_config").isNull()) {
        generationConfig(golden.get("generation_config").toString());
      }
      var target = Files.createTempDirectory(folder, "saved").resolve("model");
      try (var base = HfCheckpoint.open(folder)) {
        var eos = OptionalInt.of(golden.get("trained_eos").intValue());
        HfCheckpoint.save(target, base, null, eos, base.weights());
      }
      var saved = mapper.readTree(target.resolve("generation_config.json").toFile());
      assertEquals(golden.get("saved"), saved);
      // A generation_config.json without tokens means none to Transformers, config.json's to Bayu.
      if (golden.get("generation_config").path("eos_token_id").isMissingNode()
          && !golden.get("generation_config").isNull()) {
        continue;
      }
      assertEquals(withoutStop(golden, "before"), generated(folder), golden.toString());
      assertEquals(withoutStop(golden, "after"), generated(target), golden.toString());
    }
  }

  /** Transformers' tokens, less the one that ended the text, which Bayu does not return. */
  private static List<Integer> withoutStop(JsonNode golden, String key) {
    var tokens = new ArrayList<Integer>();
    golden.get(key).forEach(token -> tokens.add(token.intValue()));
    return tokens.size() < 12 ? tokens.subList(0, tokens.size() - 1) : tokens;
  }
}
