package org.bayu.finetune.fuzz;

import org.bayu.finetune.TestFiles;

/** {@code tokenizer.model}, with which a text becomes tokens and text again. */
public final class SentencePieceFuzz {
  static final FuzzedFile FILE =
      new FuzzedFile("tokenizer.model", TokenizerJsonFuzz::read)
          .seeds(TestFiles.golden("tokenizer/sentencepiece/tokenizer.model"));

  private SentencePieceFuzz() {}

  /** Called by Jazzer before the first input. */
  public static void fuzzerInitialize() {
    FILE.warmUp();
  }

  /** Called by Jazzer. */
  public static void fuzzerTestOneInput(byte[] input) {
    FILE.read(input);
  }
}
