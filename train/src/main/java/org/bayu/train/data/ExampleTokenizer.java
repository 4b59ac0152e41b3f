package org.bayu.train.data;

import it.unimi.dsi.fastutil.ints.IntList;
import java.util.ArrayList;
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
 * Levanter, the prompt's length is that of the prompt tokenized alone. A row without a prompt, such
 * as a text to learn, is not cut but split.
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
    return TokenizedData.of(
        rows.stream().flatMap(row -> pieces(row).stream()).map(Result::example).toList());
  }

  /**
   * The examples of a row: one or, where it has no prompt and is longer than the limit, one for
   * each part. A part begins with the last token of the part before, so that every token but the
   * first of all is predicted once.
   */
  public List<Result> pieces(PromptedRow row) {
    var first = tokenize(row);
    if (!first.truncated() || !row.prompt().text().isEmpty() || maxLength < 2) {
      return List.of(first);
    }
    var whole = tokenizer.encode(row.whole(), EncodeOption.PREFIX, EncodeOption.EOS);
    var pieces = new ArrayList<Result>();
    for (var from = 0; from < whole.size() - 1; from += maxLength - 1) {
      var tokens = whole.subList(from, Math.min(from + maxLength, whole.size()));
      var sourceLength = from == 0 ? first.example().sourceLength() : 1;
      pieces.add(
          new Result(
              new TokenizedExample(tokens, sourceLength),
              false,
              false,
              from == 0 && first.spellsSpecial()));
    }
    return pieces;
  }

  /** The example of a row, cut at the limit. */
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
