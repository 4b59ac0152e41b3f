package org.bayu.llama.hf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.llama.Golden;
import org.bayu.llama.tokenizer.JsonTokenizer;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFolderTest {
  @TempDir private Path folder;
  private Path model = Path.of("");
  private Path adapter = Path.of("");

  @BeforeEach
  void copyModel() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    adapter = Files.createDirectory(folder.resolve("adapter"));
    for (var name : List.of("config.json", "model.safetensors")) {
      Files.copy(Golden.folder("llama2").resolve(name), model.resolve(name));
    }
  }

  @Test
  void aFolderWithoutATokenizerHasAModel() throws IOException {
    try (var opened = ModelFolder.open(model)) {
      assertEquals(opened.config(), opened.model().config());
      assertSame(opened.model(), opened.model());
      assertEquals(List.of(), opened.notes());
      var refusal = assertThrows(MalformedFileException.class, opened::tokenizer);
      assertEquals(
          model + ": holds no tokenizer: neither tokenizer.json nor tokenizer.model",
          refusal.getMessage());
      assertThrows(MalformedFileException.class, opened::stopTokens);
    }
  }

  @Test
  void aTextEndsWithTheModelsTokensAndWithTheTokenizersEos() throws IOException {
    Files.writeString(model.resolve("generation_config.json"), "{\"eos_token_id\": [5, 6]}");
    Files.writeString(model.resolve("tokenizer_config.json"), "{\"eos_token\": \"</s>\"}");
    new JsonTokenizer().write(model);
    try (var opened = ModelFolder.open(model)) {
      assertEquals(model, opened.tokenizerFolder());
      assertEquals(IntSet.of(2, 5, 6), opened.stopTokens());
      assertSame(opened.tokenizer(), opened.tokenizer());
    }
  }

  @Test
  void anAdaptersTokenizerIsInUseAndItsNotesNameItsFolder() throws IOException {
    new JsonTokenizer().write(model);
    new JsonTokenizer()
        .added("{\"id\": 10, \"content\": \"<end>\", \"special\": true}")
        .write(adapter);
    Files.writeString(adapter.resolve("tokenizer_config.json"), "{\"eos_token\": \"<end>\"}");
    try (var opened = ModelFolder.open(model, adapter)) {
      assertEquals(adapter, opened.tokenizerFolder());
      assertEquals(List.of(), opened.notes());
      assertEquals(IntSet.of(2, 10), opened.stopTokens());
      assertEquals(
          List.of(
              adapter
                  + ": The adapter's own tokenizer is in use, which differs from the model's: its"
                  + " EOS is \"<end>\" for \"</s>\"; tokens more: \"<end>\"."),
          opened.notes());
    }
  }

  @Test
  void theModelsNotesNameItsFolder() throws IOException {
    var config = Files.readString(model.resolve("config.json"));
    Files.writeString(
        model.resolve("config.json"),
        config.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"));
    try (var opened = ModelFolder.open(model)) {
      assertEquals(
          List.of(model + ": num_hidden_layers is 1: layer 1 of the files is left out."),
          opened.notes());
    }
  }

  @Test
  void whatIsNoFolderIsRefused() {
    assertThrows(NotDirectoryException.class, () -> ModelFolder.open(folder.resolve("none")));
  }
}
