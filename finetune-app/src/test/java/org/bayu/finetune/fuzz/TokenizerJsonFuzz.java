package org.bayu.finetune.fuzz;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;
import org.bayu.llama.tokenizer.LlamaTokenizer;

/** {@code tokenizer.json}, with which a text becomes tokens and text again. */
public final class TokenizerJsonFuzz {
  static final String TEXT = "  the d\u00f6g <s>was\there's 12345 \ud83d\udc15\n\n\u4e2d";

  static final FuzzedFile FILE =
      new FuzzedFile("tokenizer.json", TokenizerJsonFuzz::read)
          .seeds(
              TestFiles.golden("tokenizer/legacy/tokenizer.json"),
              TestFiles.golden("tokenizer/byte-level/tokenizer.json"),
              TestFiles.golden("tokenizer/metaspace/tokenizer.json"));

  private TokenizerJsonFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  static List<String> read(Path file) throws IOException {
    var tokenizer = LlamaTokenizer.load(file);
    tokenizer.decode(tokenizer.prompt(TEXT));
    return tokenizer.notes();
  }
}
