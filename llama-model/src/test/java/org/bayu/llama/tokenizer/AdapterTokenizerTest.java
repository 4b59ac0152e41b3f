package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bayu.tensor.io.MalformedFileException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterTokenizerTest {
  private static final String IN_USE =
      "The adapter's own tokenizer is in use, which differs from the model's: ";

  @TempDir Path folder = Path.of("");
  private Path model = Path.of("");
  private Path adapter = Path.of("");

  @BeforeEach
  void makeFolders() throws IOException {
    model = Files.createDirectory(folder.resolve("model"));
    adapter = Files.createDirectory(folder.resolve("adapter"));
    new JsonTokenizer().write(model);
  }

  private LlamaTokenizer load() throws IOException {
    return LlamaTokenizer.load(model, adapter);
  }

  @Test
  void anAdapterWithoutATokenizerUsesTheModels() throws IOException {
    Files.writeString(adapter.resolve("tokenizer_config.json"), "{\"eos_token\": \"a\"}");
    assertEquals(LlamaTokenizer.load(model).fingerprint(), load().fingerprint());
    assertEquals(model, LlamaTokenizer.folder(model, adapter));
    assertEquals(model, LlamaTokenizer.folder(model, null));
  }

  @Test
  void anAdaptersTokenizerThatIsTheModelsNeedsNoWord() throws IOException {
    new JsonTokenizer().write(adapter);
    assertEquals(List.of(), load().notes());
    assertEquals(adapter, LlamaTokenizer.folder(model, adapter));
  }

  @Test
  void anAdaptersTokenizerWithAnotherEosIsInUseAndALineSaysSo() throws IOException {
    new JsonTokenizer()
        .added("{\"id\": 10, \"content\": \"<end>\", \"special\": true}")
        .write(adapter);
    Files.writeString(adapter.resolve("tokenizer_config.json"), "{\"eos_token\": \"<end>\"}");
    assertEquals(10, load().eosId().orElseThrow());
    assertEquals(
        List.of(IN_USE + "its EOS is \"<end>\" for \"</s>\"; tokens more: \"<end>\"."),
        load().notes());
  }

  @Test
  void aTokenUnderAnotherNameIsNamed() throws IOException {
    var vocab =
        "{\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, \"▁\": 3, \"a\": 4, \"b\": 5, \"<end>\": 6}";
    new JsonTokenizer().with("/model/vocab", vocab).with("/model/merges", "[]").write(adapter);
    assertEquals(List.of(IN_USE + "tokens with another text: \"<end>\"."), load().notes());
  }

  @Test
  void aTextWithTwoIdsIsRefused() throws IOException {
    var vocab = "{\"<unk>\": 0, \"<s>\": 1, \"</s>\": 2, \"▁\": 3, \"b\": 4, \"a\": 5, \"c\": 6}";
    new JsonTokenizer().with("/model/vocab", vocab).with("/model/merges", "[]").write(adapter);
    var refusal = assertThrows(MalformedFileException.class, this::load);
    assertEquals(
        adapter
            + ": its tokenizer is that of another model: \"b\" has the id 4 for 5, \"a\" has the id"
            + " 5 for 4. Use the model that the adapter was trained on, or take the tokenizer out"
            + " of the folder",
        refusal.getMessage());
  }

  @Test
  void theAdaptersTokenizerServesAModelThatHasNone() throws IOException {
    Files.delete(model.resolve("tokenizer.json"));
    new JsonTokenizer().write(adapter);
    assertEquals(LlamaTokenizer.load(adapter).fingerprint(), load().fingerprint());
  }
}
