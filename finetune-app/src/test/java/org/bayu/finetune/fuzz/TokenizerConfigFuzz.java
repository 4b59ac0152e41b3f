package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;

/** {@code tokenizer_config.json} beside {@code tokenizer.json}. */
public final class TokenizerConfigFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("tokenizer_config.json", TokenizerConfigFuzz::read)
          .beside(TestFiles.golden("tokenizer/legacy/tokenizer.json"))
          .seeds(TestFiles.golden("tokenizer/legacy/tokenizer_config.json"))
          .seed(
              """
              {"add_bos_token": true, "add_eos_token": false, "bos_token": {"content": "<s>"},
               "eos_token": "</s>", "tokenizer_class": "LlamaTokenizer",
               "additional_special_tokens": ["<a>"], "added_tokens_decoder": {
                "0": {"content": "<unk>", "special": true, "lstrip": false, "rstrip": false},
                "600": {"content": "<tool>", "normalized": true, "single_word": true}}}
              """
                  .getBytes(UTF_8));

  private TokenizerConfigFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    return TokenizerJsonFuzz.read(file.resolveSibling("tokenizer.json"));
  }
}
