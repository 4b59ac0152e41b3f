package org.bayu.train.data;

import it.unimi.dsi.fastutil.ints.IntList;
import java.util.List;
import org.bayu.llama.tokenizer.EncodeOption;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.TemplateText;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.TrainException;

/**
 * Turns rows into examples. An example has the tokens of BOS (if the tokenizer adds one), prompt,
 * output and EOS, with nothing between prompt and output, cut on the right at a limit. As in
 * Levanter, the prompt's length is that of the prompt tokenized alone.
 */
public final class ExampleTokenizer {
  private final LlamaTokenizer tokenizer;
  private final int maxLength;

  /**
   * A row's example, and what tokenizing did to it.
   *
   * @param truncated whether it was longer than the limit
   * @param merged whether the tokenizer merged the prompt's end with the output's beginning
   * @param spellsSpecial whether the row spells a special token that stays text
   */
  public record Result(
      TokenizedExample example, boolean truncated, boolean merged, boolean spellsSpecial) {}

  /**
   * @param maxLength the most tokens of an example
   * @throws TrainException if the tokenizer has no EOS, without which a model never stops
   */
  public ExampleTokenizer(LlamaTokenizer tokenizer, int maxLength) {
    if (tokenizer.eosId().isEmpty()) {
      throw TrainException.inputFile(
          "The tokenizer names no end-of-sequence token, which every example needs. Name it as"
              + " eos_token in tokenizer_config.json.");
    }
    this.tokenizer = tokenizer;
    this.maxLength = maxLength;
  }

  /** The examples of rows, in their order. */
  public TokenizedData examples(List<PromptedRow> rows) {
    return TokenizedData.of(rows.stream().map(row -> tokenize(row).example()).toList());
  }

  /** The example of a row. */
  public Result tokenize(PromptedRow row) {
    var prompt = tokenizer.prompt(row.prompt());
    var text = row.whole();
    var whole = tokenizer.encode(text, EncodeOption.PREFIX, EncodeOption.EOS);
    var merged = prompt.size() > whole.size() || !whole.subList(0, prompt.size()).equals(prompt);
    var length = Math.min(whole.size(), maxLength);
    return new Result(
        new TokenizedExample(whole.subList(0, length), Math.min(prompt.size(), length)),
        length < whole.size(),
        merged,
        !row.specialTokens() && spellsSpecial(text, whole));
  }

  /** Whether the tokens would be others if special tokens counted in the fields too. */
  private boolean spellsSpecial(TemplateText text, IntList tokens) {
    return !tokenizer.specialTokensIn(text.text()).isEmpty()
        && !tokenizer
            .encode(text, EncodeOption.PREFIX, EncodeOption.EOS, EncodeOption.PARSE_SPECIAL)
            .equals(tokens);
  }
}
