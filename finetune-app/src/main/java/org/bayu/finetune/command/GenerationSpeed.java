package org.bayu.finetune.command;

import java.util.Locale;

/** How long a generation took, told by its tokens as they come. */
final class GenerationSpeed {
  private final long start = System.nanoTime();
  private long firstToken;
  private long lastToken;
  private int firstStepTokens;
  private int tokens;
  private boolean isFirstStep = true;
  private int firstPrompt;

  /** A token came for {@code prompt}. */
  void token(int prompt) {
    lastToken = System.nanoTime();
    if (tokens == 0) {
      firstToken = lastToken;
      firstPrompt = prompt;
    } else if (prompt == firstPrompt) {
      isFirstStep = false;
    }
    if (isFirstStep) {
      firstStepTokens++;
    }
    tokens++;
  }

  /** A sentence. The rate is that of the tokens after each prompt's first. */
  @Override
  public String toString() {
    var more = tokens - firstStepTokens;
    var seconds = (lastToken - firstToken) * 1e-9;
    return tokens == 0
        ? "No token was generated."
        : String.format(
            Locale.ROOT,
            "%,d tokens; the first after %.1f s%s.",
            tokens,
            (firstToken - start) * 1e-9,
            more == 0 ? "" : String.format(Locale.ROOT, ", then %.1f tokens/s", more / seconds));
  }
}
