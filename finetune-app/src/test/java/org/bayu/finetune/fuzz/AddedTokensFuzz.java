package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.bayu.finetune.TestFiles;

/** {@code added_tokens.json} beside a tokenizer that names tokens elsewhere too. */
public final class AddedTokensFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("added_tokens.json", AddedTokensFuzz::read)
          .beside(TestFiles.golden("tokenizer/sentencepiece/tokenizer.model"))
          .seed("{\"<tool>\": 600, \"<pad>\": 601}".getBytes(UTF_8))
          .seed("{}".getBytes(UTF_8));

  private AddedTokensFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }

  private static List<String> read(Path file) throws IOException {
    return TokenizerJsonFuzz.read(file.resolveSibling("tokenizer.model"));
  }
}
