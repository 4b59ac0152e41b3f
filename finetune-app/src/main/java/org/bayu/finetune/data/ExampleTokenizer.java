package org.bayu.finetune.data;

import it.unimi.dsi.fastutil.ints.IntList;
import org.bayu.finetune.UserException;
import org.bayu.llama.tokenizer.EncodeOption;
import org.bayu.llama.tokenizer.LlamaTokenizer;

/**
 * Turns rows into examples: the tokens of BOS, prompt, output and EOS, with nothing between prompt
 * and output, cut on the right at a limit. As Levanter does, the prompt's length is that of the
 * prompt tokenized by itself.
 */
public final class ExampleTokenizer {
  private final LlamaTokenizer tokenizer;
  private final int maxLength;

  /**
   * A row's example and what became of it.
   *
   * @param truncated whether it was longer than the limit
   * @param merged whether the prompt's own tokens are not the beginning of the whole
   */
  record Result(TokenizedExample example, boolean truncated, boolean merged) {}

  /**
   * @param maxLength tokens of an example at most
   * @throws UserException if the tokenizer has no EOS, without which a model never stops
   */
  public ExampleTokenizer(LlamaTokenizer tokenizer, int maxLength) {
    if (tokenizer.eosId().isEmpty()) {
      throw UserException.inputFile(
          "The tokenizer names no end-of-sequence token, which every example needs. Name it as"
              + " eos_token in tokenizer_config.json.");
    }
    this.tokenizer = tokenizer;
    this.maxLength = maxLength;
  }

  /** The tokens of a prompt, as {@code generate} and {@code evaluate} begin with them. */
  public IntList prompt(String prompt) {
    return tokenizer.addsBos()
        ? tokenizer.encode(prompt, EncodeOption.BOS)
        : tokenizer.encode(prompt);
  }

  Result tokenize(PromptedRow row) {
    var prompt = prompt(row.prompt());
    var text = row.prompt() + row.output();
    var whole =
        tokenizer.addsBos()
            ? tokenizer.encode(text, EncodeOption.BOS, EncodeOption.EOS)
            : tokenizer.encode(text, EncodeOption.EOS);
    var merged = prompt.size() > whole.size() || !whole.subList(0, prompt.size()).equals(prompt);
    var length = Math.min(whole.size(), maxLength);
    return new Result(
        new TokenizedExample(whole.subList(0, length), Math.min(prompt.size(), length)),
        length < whole.size(),
        merged);
  }
}
