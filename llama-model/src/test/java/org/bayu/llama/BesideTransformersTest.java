package org.bayu.llama;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import org.bayu.llama.hf.ConfigJson;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Workspace;
import org.bayu.tensor.autograd.Gradients;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.nn.Parameter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Bayu does otherwise than Transformers, on purpose: docs/interoperability.md. */
class BesideTransformersTest {
  @TempDir Path folder;

  @Test
  void theEmbeddingsRowOfThePadIsTrained() throws IOException {
    var json = (ObjectNode) Golden.json("llama2", "config.json");
    var config = ConfigJson.parse(json.put("pad_token_id", 2).toString());
    assertEquals(OptionalInt.of(2), config.padTokenId());
    try (var arena = Arena.ofShared();
        var checkpoint = HfCheckpoint.open(Golden.folder("llama2"));
        var device = Devices.cpu();
        var workspace = new Workspace()) {
      var model = new LlamaModel(config, checkpoint.weights());
      model.parameters().forEach(parameter -> parameter.train(arena));
      var values = model.parameters().stream().map(Parameter::value).toList();
      try (var gradients = new Gradients(values)) {
        var tape = new Tape(device, workspace, gradients);
        var tree = TokenTree.of(List.of(new int[] {1, 2, 5}), Integer.MAX_VALUE);
        var targets = new Targets(new int[] {1, 2}, new int[] {5, 2}, new double[] {1, 1});
        tape.backward(model.loss(tape, tree, targets, DType.F32, 0));
        var row = gradients.of(values.getFirst()).slice(2, 3).toFloats();
        var squares = 0.0;
        for (var value : row) {
          squares += (double) value * value;
        }
        assertNotEquals(0, squares);
      }
    }
  }

  @Test
  void linearLayersDecayAndNeitherEmbeddingsNorNorms() throws IOException {
    try (var checkpoint = HfCheckpoint.open(Golden.folder("llama2"))) {
      var model = new LlamaModel(checkpoint.config(), checkpoint.weights());
      var kinds =
          model.parameters().stream()
              .filter(Parameter::decays)
              .map(parameter -> parameter.name().replaceFirst(".*?(\\w+)\\.weight$", "$1"))
              .collect(Collectors.toSet());
      assertEquals(
          Set.of(
              "q_proj",
              "k_proj",
              "v_proj",
              "o_proj",
              "gate_proj",
              "up_proj",
              "down_proj",
              "lm_head"),
          kinds);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast"})
  void aTokenizersFileDecidesWhateverItsClassIsCalled(String name) throws IOException {
    for (var form : List.of("byte-level", "legacy")) {
      var source = Golden.folder("tokenizer").resolve(form);
      var target = Files.createDirectories(folder.resolve(form));
      Files.copy(source.resolve("tokenizer.json"), target.resolve("tokenizer.json"));
      var config = Files.readString(source.resolve("tokenizer_config.json"));
      Files.writeString(
          target.resolve("tokenizer_config.json"),
          config.replaceFirst(
              "\"tokenizer_class\": \"\\w+\"", "\"tokenizer_class\": \"" + name + "\""));
      var tokenizer = LlamaTokenizer.load(target);
      var text = " Hello  world ";
      assertEquals(LlamaTokenizer.load(source).encode(text), tokenizer.encode(text), form);
      assertEquals(text, tokenizer.decode(tokenizer.encode(text)), form);
    }
  }
}
