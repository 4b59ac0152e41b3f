package org.bayu.llama.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.stream.Stream;
import org.bayu.llama.Golden;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.SafetensorsWriter;
import org.bayu.tensor.io.TensorSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Folders whose tensors have other names, or are more, than the configuration's. */
class CheckpointNamesTest {
  private static final String HEAD = "lm_head.weight";
  private static final String EMBEDDING = "model.embed_tokens.weight";

  private final Arena arena = Arena.ofAuto();

  @TempDir private Path folder;

  /** The tensors of a golden model, copied, by name. */
  private Map<String, Tensor> tensors(String variant) throws IOException {
    var tensors = new LinkedHashMap<String, Tensor>();
    try (var base = HfCheckpoint.open(Golden.folder(variant))) {
      for (var name : base.config().parameterShapes().keySet()) {
        var stored = base.weights().tensor(name);
        var copy = Tensor.allocate(arena, stored.dtype(), stored.shape());
        copy.copyFrom(stored);
        tensors.put(name, copy);
      }
    }
    return tensors;
  }

  /** Writes a model folder with a golden model's configuration, this text of it replaced. */
  private void write(String variant, String old, String replacement, Map<String, Tensor> tensors)
      throws IOException {
    var json = Files.readString(Golden.folder(variant).resolve("config.json"));
    assertTrue(json.contains(old), json);
    Files.writeString(folder.resolve("config.json"), json.replace(old, replacement));
    SafetensorsWriter.write(
        folder.resolve("model.safetensors"),
        tensors.entrySet().stream()
            .map(entry -> TensorSource.of(entry.getKey(), entry.getValue()))
            .toList());
  }

  private String refusal() {
    var e = assertThrows(MalformedFileException.class, () -> HfCheckpoint.open(folder).close());
    return e.reason();
  }

  private static void assertSameBits(@Nullable Tensor expected, Tensor actual) {
    assertNotNull(expected);
    assertEquals(expected.dtype(), actual.dtype());
    assertEquals(-1, expected.data().mismatch(actual.data()));
  }

  static Stream<String> cases() throws IOException {
    return Golden.json("", "checkpoint-names.json").properties().stream().map(Map.Entry::getKey);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void theTensorsTakenAreTransformersWhateverTheirNames(String name) throws IOException {
    var theirs = Golden.json("", "checkpoint-names.json").get(name);
    var all = tensors("llama2");
    var stored = new LinkedHashMap<String, Tensor>();
    for (var file : theirs.get("files").properties()) {
      stored.put(file.getKey(), all.get(file.getValue().asText()));
    }
    var tied = theirs.get("tie_word_embeddings").asText();
    write("llama2", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": " + tied, stored);
    if (!theirs.get("missing").isEmpty()) {
      var reason = refusal();
      assertTrue(reason.contains("missing " + theirs.get("missing").get(0).asText()), reason);
      return;
    }
    var taken = theirs.get("taken");
    var saved = folder.resolve("saved");
    try (var opened = HfCheckpoint.open(folder)) {
      assertEquals(
          taken.get(HEAD).equals(taken.get(EMBEDDING)), opened.config().tieWordEmbeddings());
      for (var weight : opened.config().parameterShapes().keySet()) {
        var source = taken.path(weight).asText(weight);
        assertSameBits(all.get(source), opened.weights().tensor(weight));
      }
      HfCheckpoint.save(saved, opened, null, OptionalInt.empty(), opened.weights());
      try (var again = HfCheckpoint.open(saved)) {
        assertEquals(
            ConfigJson.parse(ConfigJson.write(opened.config())),
            again.config()); // the source included
        assertEquals(List.of(), again.notes());
        for (var weight : opened.config().parameterShapes().keySet()) {
          assertSameBits(opened.weights().tensor(weight), again.weights().tensor(weight));
        }
      }
    }
  }

  @Test
  void headEqualToATiedEmbeddingIsTheEmbedding() throws IOException {
    var tensors = tensors("llama3-scaling");
    var embedding = tensors.get(EMBEDDING);
    assertNotNull(embedding);
    var wider = Tensor.allocate(arena, DType.F32, embedding.shape());
    wider.copyFrom(embedding);
    for (var head : List.of(embedding, wider)) {
      tensors.put(HEAD, head);
      write("llama3-scaling", "", "", tensors);
      try (var opened = HfCheckpoint.open(folder)) {
        assertTrue(opened.config().tieWordEmbeddings());
        assertEquals(List.of(), opened.notes());
      }
    }
  }

  @Test
  void anotherHeadOfATiedConfigurationIsReadUntiedAndSaidToBe() throws IOException {
    var tensors = tensors("llama3-scaling");
    tensors.put(HEAD, Tensor.allocate(arena, DType.F32, Shape.of(96, 48)));
    write("llama3-scaling", "", "", tensors);
    try (var opened = HfCheckpoint.open(folder)) {
      assertFalse(opened.config().tieWordEmbeddings());
      assertTrue(ConfigJson.write(opened.config()).contains("\"tie_word_embeddings\": false"));
      assertEquals(
          List.of(
              "tie_word_embeddings is true, but lm_head.weight differs from"
                  + " model.embed_tokens.weight: the model is read untied."),
          opened.notes());
    }
    tensors.put(HEAD, Tensor.allocate(arena, DType.F32, Shape.of(96, 47)));
    write("llama3-scaling", "", "", tensors);
    assertEquals(
        "the weights contradict config.json: lm_head.weight is [96, 47], not [96, 48]", refusal());
  }

  @Test
  void bareModelWithoutItsHeadIsRefusedWithWhatIsMissing() throws IOException {
    var stored = new LinkedHashMap<String, Tensor>();
    tensors("llama2").forEach((name, tensor) -> stored.put(name.replace("model.", ""), tensor));
    stored.remove(HEAD);
    write("llama2", "", "", stored);
    assertEquals(
        "the weights contradict config.json: missing lm_head.weight: this is a LlamaModel, saved"
            + " without the head that makes logits (set tie_word_embeddings to true if its head is"
            + " the embedding)",
        refusal());
  }

  @Test
  void oneWeightUnderTwoNamesIsRefused() throws IOException {
    var tensors = tensors("llama2");
    tensors.put("norm.weight", Tensor.allocate(arena, DType.F32, Shape.of(32)));
    write("llama2", "", "", tensors);
    assertEquals(
        "has both \"model.norm.weight\" and \"norm.weight\", which name the same weight",
        refusal());
  }

  @Test
  void layersBeyondTheConfigurationAreLeftOutAndNamed() throws IOException {
    var tensors = tensors("llama2");
    write("llama2", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", tensors);
    var saved = folder.resolve("saved");
    try (var opened = HfCheckpoint.open(folder)) {
      assertEquals(
          List.of("num_hidden_layers is 1: layer 1 of the files is left out."), opened.notes());
      HfCheckpoint.save(saved, opened, null, OptionalInt.empty(), opened.weights());
    }
    try (var again = HfCheckpoint.open(saved)) {
      assertEquals(List.of(), again.notes());
      assertEquals(1, again.config().layers());
    }
    tensors.put("model.layers.7.input_layernorm.weight", tensors.get("model.norm.weight"));
    write("llama2", "\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1", tensors);
    try (var opened = HfCheckpoint.open(folder)) {
      assertEquals(
          List.of("num_hidden_layers is 1: 2 layers (1 to 7) of the files are left out."),
          opened.notes());
    }
  }
}
