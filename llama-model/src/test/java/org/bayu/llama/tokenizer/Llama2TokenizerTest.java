package org.bayu.llama.tokenizer;

import static org.bayu.llama.tokenizer.EncodeOption.EOS;
import static org.bayu.llama.tokenizer.EncodeOption.TEMPLATE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The real Llama-2 vocabulary and that of stories260K, on real texts. */
class Llama2TokenizerTest {
  @ParameterizedTest
  @ValueSource(strings = {"tokenizer.model", "tokenizer.json"})
  void llamaCppsCasesGiveItsIds(String file) throws IOException {
    var folder = SharedData.llama2();
    var tokenizer = LlamaTokenizer.load(folder.resolve(file));
    var texts =
        Files.readString(folder.resolve("ggml-vocab-llama-spm.gguf.inp"))
            .split(Pattern.quote("\n__ggml_vocab_test__\n"), -1);
    var lines = Files.readAllLines(folder.resolve("ggml-vocab-llama-spm.gguf.out"));
    // The last text is followed by a separator, too.
    assertEquals(46, lines.size());
    for (int i = 0; i < lines.size(); i++) {
      assertEquals(ids(lines.get(i)), tokenizer.encode(texts[i]), "case " + i);
    }
  }

  @Test
  void viggoRoundTripsWithTheSameIdsFromBothForms() throws IOException {
    var folder = SharedData.llama2();
    var model = LlamaTokenizer.load(folder.resolve("tokenizer.model"));
    var json = LlamaTokenizer.load(folder.resolve("tokenizer.json"));
    var texts = SharedData.viggo();
    assertEquals(2 * (5103 + 714), texts.size());
    for (var text : texts) {
      var ids = model.encode(text);
      assertEquals(text, model.decode(ids));
      assertEquals(ids, json.encode(text), text);
      assertEquals(text, json.decode(ids));
    }
  }

  @Test
  void viggoRoundTripsWithStoriesButForTheSpacesThatItsNormalizerRemoves() throws IOException {
    var tokenizer = LlamaTokenizer.load(SharedData.stories());
    int changed = 0;
    for (var text : SharedData.viggo()) {
      // The model says remove_extra_whitespaces, and SentencePiece obeys.
      var normal = text.replaceAll(" +", " ").strip();
      changed += normal.equals(text) ? 0 : 1;
      assertEquals(normal, tokenizer.decode(tokenizer.encode(text)));
    }
    assertEquals(2, changed);
  }

  @Test
  void storiesExpectedIdsDecodeToItsExpectedText() throws IOException {
    var folder = SharedData.stories();
    var tokenizer = LlamaTokenizer.load(folder);
    var ids = ids(Files.readString(folder.resolve("greedy200_tokens.txt")));
    var text = Files.readString(folder.resolve("expected_stdout_t0_n200.txt"));
    // The printed text has one token more: what the last of the ids gave.
    var decoded = tokenizer.decode(ids);
    assertEquals(text.substring(0, decoded.length()), decoded);
    assertTrue(decoded.length() > text.strip().length() - 8, decoded);
  }

  @Test
  void specialTokensInUserTextAreText() throws IOException {
    for (var file : List.of("tokenizer.model", "tokenizer.json")) {
      var tokenizer = LlamaTokenizer.load(SharedData.llama2().resolve(file));
      // Transformers gives "Hello</s>" the ids 1 15043 2.
      assertEquals(IntList.of(1, 15043, 2), tokenizer.encode("Hello", TEMPLATE, EOS));
      assertEquals(
          IntList.of(1, 15043, 829, 29879, 29958, 2), tokenizer.encode("Hello</s>", TEMPLATE, EOS));
    }
  }

  @Test
  void chatMarkersBesideStoriesModelAreTokensInATemplateAndTextInAField(@TempDir Path folder)
      throws IOException {
    var model = SharedData.stories().resolve("tokenizer.model");
    Files.copy(model, folder.resolve("tokenizer.model"));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
        """
        {"added_tokens_decoder": {
          "512": {"content": "<|im_start|>", "special": true, "normalized": false},
          "513": {"content": "<|im_end|>", "special": true, "normalized": false}}}
        """);
    var tokenizer = LlamaTokenizer.load(folder);
    // Ids of Transformers 5.18, without and with split_special_tokens.
    var parsed =
        ids(
            "512 425 419 285 13 434 411 306 284 411 261 349 304 422 426 513 13"
                + " 512 412 419 419 293 413 303 413 13");
    var spelled =
        ids(
            "410 504 506 288 98 356 295 413 506 505 425 419 285 13 434 411 306 284 411 261 349 304"
                + " 422 426 504 506 288 98 367 506 505 13 504 506 288 98 356 295 413 506 505 412"
                + " 419 419 293 413 303 413 13");
    var template =
        TemplateText.EMPTY
            .literal("<|im_start|>user\n")
            .field("Tell me a story.")
            .literal("<|im_end|>\n<|im_start|>assistant\n");
    assertEquals(parsed, tokenizer.encode(template));
    assertEquals(spelled, tokenizer.encode(TemplateText.EMPTY.field(template.text())));
  }

  private static IntList ids(String line) {
    return new IntArrayList(
        Arrays.stream(line.split("[^0-9]+"))
            .filter(number -> !number.isEmpty())
            .mapToInt(Integer::parseInt)
            .toArray());
  }
}
