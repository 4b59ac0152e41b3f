package org.bayu.llama.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.util.RawValue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.bayu.llama.LlamaConfig;
import org.bayu.llama.RopeScaling;
import org.bayu.llama.SharedData;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.io.SafetensorsFile;
import org.bayu.tensor.io.ShardedSafetensors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LlamaConfigTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden");

  /** As Meta's first Llama-2 7B folders had it. */
  private static final String LLAMA_2 =
      """
      {"architectures": ["LlamaForCausalLM"], "bos_token_id": 1, "eos_token_id": 2, "hidden_act": "silu",
       "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
       "max_position_embeddings": 4096, "model_type": "llama", "num_attention_heads": 32,
       "num_hidden_layers": 32, "num_key_value_heads": 32, "pretraining_tp": 1, "rms_norm_eps": 1e-05,
       "rope_scaling": null, "tie_word_embeddings": false, "torch_dtype": "float16",
       "transformers_version": "4.31.0.dev0", "use_cache": true, "vocab_size": 32000}
      """;

  private static LlamaConfig golden(String variant) throws IOException {
    return ConfigJson.read(GOLDEN.resolve(variant).resolve("config.json"));
  }

  /** The same configuration without its text. */
  static LlamaConfig withoutSource(LlamaConfig c) {
    return new LlamaConfig(
        c.hiddenSize(),
        c.intermediateSize(),
        c.layers(),
        c.heads(),
        c.kvHeads(),
        c.headDim(),
        c.vocabSize(),
        c.maxPositions(),
        c.rmsNormEps(),
        c.ropeTheta(),
        c.ropeScaling(),
        c.tieWordEmbeddings(),
        c.attentionBias(),
        c.mlpBias(),
        c.bosTokenId(),
        c.eosTokenIds(),
        c.padTokenId(),
        c.dtype(),
        "");
  }

  @Test
  void llama2IsRead() {
    var config = ConfigJson.parse(LLAMA_2);
    assertEquals(
        new LlamaConfig(
            4096,
            11008,
            32,
            32,
            32,
            128,
            32000,
            4096,
            1e-5,
            10_000,
            new RopeScaling.Default(),
            false,
            false,
            false,
            OptionalInt.of(1),
            List.of(2),
            OptionalInt.empty(),
            DType.F16,
            LLAMA_2),
        config);
    assertEquals(6_738_415_616L, config.parameterCount());
  }

  @Test
  void llama3ScalingIsReadFromTheKeysOfTransformers4And5() throws IOException {
    var five = golden("llama3-scaling");
    assertEquals(new RopeScaling.Llama3(8, 1, 4, 32), five.ropeScaling());
    assertEquals(500, five.ropeTheta());
    assertEquals(List.of(2, 3), five.eosTokenIds());
    assertEquals(DType.BF16, five.dtype());
    assertTrue(five.tieWordEmbeddings());
    assertEquals(withoutSource(five), withoutSource(golden("llama3-scaling-transformers4")));
  }

  @Test
  void linearScalingAndBiasesAreRead() throws IOException {
    var config = golden("linear-scaling-biases");
    assertEquals(new RopeScaling.Linear(2), config.ropeScaling());
    assertTrue(config.attentionBias());
    assertTrue(config.mlpBias());
    assertEquals(16, config.headDim());
    assertEquals(2, config.kvHeads());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "llama3-scaling", "linear-scaling-biases"})
  void parametersAreThoseThatTransformersSaves(String variant) throws IOException {
    try (var tensors = ShardedSafetensors.open(GOLDEN.resolve(variant))) {
      assertParameters(golden(variant), tensors);
    }
  }

  private static void assertParameters(LlamaConfig config, ShardedSafetensors tensors) {
    var shapes = new HashMap<String, Shape>();
    for (var name : tensors.names()) {
      shapes.put(name, tensors.entry(name).shape());
    }
    assertEquals(shapes, config.parameterShapes());
  }

  @Test
  void stories260KIsRead() throws IOException {
    var folder = SharedData.path("stories260K");
    var config = ConfigJson.read(folder.resolve("config.json"));
    assertEquals(8, config.heads());
    assertEquals(4, config.kvHeads());
    assertEquals(8, config.headDim());
    assertEquals(DType.F32, config.dtype());
    try (var file = SafetensorsFile.open(folder.resolve("model.safetensors"))) {
      config
          .parameterShapes()
          .forEach((name, shape) -> assertEquals(shape, file.entry(name).shape()));
    }
  }

  private static LlamaConfig with(String... keysAndValues) {
    return ConfigJson.parse(json(keysAndValues));
  }

  /** Llama 2's configuration with these values, JSON themselves, in place of its own. */
  static String json(String... keysAndValues) {
    var json = LlamaConfigReader.parse(LLAMA_2);
    for (var i = 0; i < keysAndValues.length; i += 2) {
      json.putRawValue(keysAndValues[i], new RawValue(keysAndValues[i + 1]));
    }
    return json.toString();
  }

  @Test
  void keyValueHeadsAreAsManyAsHeadsByDefault() {
    assertEquals(32, with("num_key_value_heads", "null").kvHeads());
    assertEquals(8, with("num_key_value_heads", "8").kvHeads());
  }

  @Test
  void headDimIsHiddenOverHeadsByDefault() {
    assertEquals(128, with("head_dim", "null").headDim());
    assertEquals(64, with("head_dim", "64").headDim());
    assertEquals(
        Shape.of(32 * 64, 4096),
        with("head_dim", "64").parameterShapes().get("model.layers.0.self_attn.q_proj.weight"));
  }

  @Test
  void thetaIs10000ByDefault() {
    assertEquals(10_000, with().ropeTheta());
    assertEquals(5e5, with("rope_theta", "500000.0").ropeTheta());
    assertEquals(7, with("rope_theta", "5", "rope_parameters", "{\"rope_theta\": 7}").ropeTheta());
  }

  @Test
  void epsilonAndPositionsAreTransformersDefaultsWhereTheFileHasNone() {
    var json = LlamaConfigReader.parse(LLAMA_2);
    json.remove(List.of("rms_norm_eps", "max_position_embeddings"));
    var config = ConfigJson.parse(json.toString());
    assertEquals(1e-6, config.rmsNormEps());
    assertEquals(2048, config.maxPositions());
  }

  @Test
  void swishIsSilu() {
    assertEquals(withoutSource(with()), withoutSource(with("hidden_act", "\"swish\"")));
  }

  @Test
  void dynamicScalingIsNoneWithinThePositionsAndStaysInTheFile() {
    var dynamic = with("rope_scaling", "{\"type\": \"dynamic\", \"factor\": 2.0}");
    assertEquals(new RopeScaling.Default(), dynamic.ropeScaling());
    assertTrue(ConfigJson.write(dynamic.withDtype(DType.F32)).contains("\"dynamic\""));
  }

  /** As Transformers 5.18 reads these files. */
  @Test
  void ropeScalingReplacesRopeParametersThetaToo() {
    var linear = "{\"rope_type\": \"linear\", \"factor\": 2}";
    var parameters = "{\"rope_type\": \"linear\", \"factor\": 3, \"rope_theta\": 77}";
    var both = with("rope_scaling", linear, "rope_parameters", parameters);
    assertEquals(new RopeScaling.Linear(2), both.ropeScaling());
    assertEquals(10_000, both.ropeTheta());
    var three = with("rope_scaling", linear, "rope_parameters", parameters, "rope_theta", "500.0");
    assertEquals(500, three.ropeTheta());
    var empty = with("rope_scaling", "{}", "rope_parameters", parameters);
    assertEquals(new RopeScaling.Linear(3), empty.ropeScaling());
    assertEquals(77, empty.ropeTheta());
  }

  @Test
  void ropeParametersPartialFactorGoesBeforeTheTopLevels() {
    var config =
        with("partial_rotary_factor", "0.5", "rope_parameters", "{\"partial_rotary_factor\": 1.0}");
    assertEquals(new RopeScaling.Default(), config.ropeScaling());
  }

  @Test
  void ropeTypeMayBeCalledType() {
    assertEquals(
        new RopeScaling.Linear(4),
        with("rope_scaling", "{\"type\": \"linear\", \"factor\": 4}").ropeScaling());
    assertEquals(
        new RopeScaling.Linear(2.5),
        with("rope_scaling", "{\"type\": \"x\", \"rope_type\": \"linear\", \"factor\": 2.5}")
            .ropeScaling());
    assertEquals(
        new RopeScaling.Default(),
        with("rope_parameters", "{\"rope_type\": \"default\"}").ropeScaling());
    assertEquals(new RopeScaling.Default(), with("rope_scaling", "{}").ropeScaling());
  }

  @Test
  void llama3ScalingWithoutOriginalPositionsTakesThePresentMaximum() {
    var rope =
        "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\":"
            + " 4}";
    assertEquals(
        new RopeScaling.Llama3(8, 1, 4, 4096), with("rope_parameters", rope).ropeScaling());
  }

  @Test
  void tokensMayBeAbsentOrMany() {
    assertEquals(List.of(), with("eos_token_id", "null").eosTokenIds());
    assertEquals(List.of(5, 6, 7), with("eos_token_id", "[5, 6, 7]").eosTokenIds());
    assertEquals(OptionalInt.empty(), with("bos_token_id", "null").bosTokenId());
    assertEquals(OptionalInt.empty(), with("pad_token_id", "-1").padTokenId());
    assertEquals(OptionalInt.of(0), with("pad_token_id", "0").padTokenId());
  }

  @Test
  void typeThatBayuDoesNotKnowIsLeftOpen() {
    assertNull(with("torch_dtype", "\"auto\"").dtype());
    assertNull(with("torch_dtype", "null").dtype());
  }

  @Test
  void unchangedConfigurationIsWrittenAsItWasRead() {
    assertSame(LLAMA_2, ConfigJson.write(ConfigJson.parse(LLAMA_2)));
  }

  @Test
  void unknownKeysAndDigitsSurviveAnotherType() {
    var json = json("my_key", "{\"a\": [1, 2.50]}", "rope_theta", "500000.0");
    var changed = ConfigJson.parse(json).withDtype(DType.BF16);
    assertEquals(DType.BF16, changed.dtype());
    var text = ConfigJson.write(changed);
    assertTrue(text.contains("\"torch_dtype\": \"bfloat16\""), text);
    assertTrue(text.contains("2.50"), text);
    assertTrue(text.contains("\"rope_theta\": 500000.0"), text);
    assertTrue(text.contains("\"initializer_range\": 0.02"), text);
    assertTrue(text.contains("\"transformers_version\": \"4.31.0.dev0\""), text);
    assertFalse(text.contains("\"dtype\""), text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"float32\"", "null"})
  void onlyTheTyingChangesWhereTheHeadIsUntied(String dtype) {
    var tied = json("tie_word_embeddings", "true", "rope_theta", "500000.0", "torch_dtype", dtype);
    var untied = ConfigJson.write(ConfigJson.parse(tied).untied());
    assertEquals(
        LlamaConfigReader.parse(tied).put("tie_word_embeddings", false),
        LlamaConfigReader.parse(untied));
    assertTrue(untied.contains("500000.0"), untied);
  }

  @Test
  void typeIsWrittenUnderTheKeyThatTheFileHas() throws IOException {
    var five = ConfigJson.write(golden("llama3-scaling").withDtype(DType.F32));
    assertTrue(five.contains("\"dtype\": \"float32\""), five);
    assertFalse(five.contains("torch_dtype"), five);
    assertTrue(five.contains("\"rope_parameters\""), five);
  }

  @Test
  void theRotationOfAFileOfVersion5IsWrittenWhereVersion4LooksForItToo() throws IOException {
    for (var variant : List.of("llama2", "llama3-scaling", "linear-scaling-biases")) {
      var config = golden(variant);
      var text = ConfigJson.write(config);
      assertEquals(withoutSource(config), withoutSource(ConfigJson.parse(text)));
      assertEquals(text, ConfigJson.write(ConfigJson.parse(text)));
      var asFourReadsIt = LlamaConfigReader.parse(text);
      asFourReadsIt.remove("rope_parameters");
      assertEquals(
          withoutSource(config), withoutSource(ConfigJson.parse(asFourReadsIt.toString())));
    }
    var dynamic = "{\"rope_type\": \"dynamic\", \"factor\": 2.0, \"rope_theta\": 7.0}";
    var written = LlamaConfigReader.parse(ConfigJson.write(with("rope_parameters", dynamic)));
    assertEquals("dynamic", written.path("rope_scaling").path("rope_type").asText());
    assertEquals(7, written.path("rope_theta").asDouble());
    var open = json("rope_theta", "7.0", "rope_parameters", "{\"rope_theta\": null}");
    assertEquals(open, ConfigJson.write(ConfigJson.parse(open)));
  }

  @Test
  void configurationWithoutTextIsWrittenWhole() throws IOException {
    for (var variant : List.of("llama2", "llama3-scaling", "linear-scaling-biases")) {
      var config = withoutSource(golden(variant));
      assertEquals(config, withoutSource(ConfigJson.parse(ConfigJson.write(config))));
    }
  }

  @Test
  void changedNumbersAreWrittenInPlaceOfTheOldOnes() throws IOException {
    var five = golden("llama3-scaling");
    var changed =
        new LlamaConfig(
            five.hiddenSize(),
            five.intermediateSize(),
            five.layers(),
            five.heads(),
            five.kvHeads(),
            five.headDim(),
            five.vocabSize(),
            five.maxPositions(),
            five.rmsNormEps(),
            5.5,
            new RopeScaling.Linear(3),
            false,
            five.attentionBias(),
            five.mlpBias(),
            five.bosTokenId(),
            five.eosTokenIds(),
            five.padTokenId(),
            five.dtype(),
            five.source());
    assertNotEquals(five, changed);
    var read = ConfigJson.parse(ConfigJson.write(changed));
    assertEquals(withoutSource(changed), withoutSource(read));
    assertTrue(read.source().contains("\"transformers_version\": \"5.18.0\""));
  }

  @Test
  void tiedHeadIsNoParameter() throws IOException {
    assertFalse(golden("llama3-scaling").parameterShapes().containsKey("lm_head.weight"));
    assertEquals(
        Map.of("lm_head.weight", Shape.of(96, 32)),
        Map.of(
            "lm_head.weight",
            golden("llama2").parameterShapes().getOrDefault("lm_head.weight", Shape.of())));
  }
}
