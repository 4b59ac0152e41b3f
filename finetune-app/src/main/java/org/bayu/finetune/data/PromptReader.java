package org.bayu.finetune.data;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.TemplateText;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.PromptedRow;
import org.bayu.train.data.RowReader;
import org.bayu.train.data.UnknownTokens;

/**
 * Turns what a model is to answer into tokens, with which training begins too.
 *
 * @param vocabulary how many tokens the model has
 * @param positions tokens of a prompt at most
 */
public record PromptReader(LlamaTokenizer tokenizer, int vocabulary, int positions) {

  /**
   * A row to answer.
   *
   * @param tokens of its prompt
   */
  public record Prompt(PromptedRow row, IntList tokens) {}

  /**
   * All rows of a file.
   *
   * @param rows makes the prompts
   * @throws org.bayu.finetune.error.UserException that names file, line and reason of a bad line; a
   *     row whose prompt {@link #tokens} refuses is one
   */
  public List<Prompt> read(RowReader rows, Path file) throws IOException {
    var prompts = new ArrayList<Prompt>();
    rows.read(file, row -> prompts.add(new Prompt(expected(row), tokens(row.prompt()))));
    return prompts;
  }

  /** The row with the output that an answer is compared with: answers have no special tokens. */
  private PromptedRow expected(PromptedRow row) {
    return row.specialTokens()
        ? new PromptedRow(
            row.input(), row.prompt(), tokenizer.withoutSpecialTokens(row.output()), true)
        : row;
  }

  /**
   * The tokens of a prompt.
   *
   * @throws BadRowException if there are none or too many, or one that the model does not have
   */
  public IntList tokens(TemplateText prompt) throws BadRowException {
    var tokens = tokenizer.prompt(prompt);
    if (tokens.isEmpty()) {
      throw new BadRowException(
          "the prompt is empty, and the tokenizer puts no token in front of it",
          "Give the row a prompt, or remove it.");
    }
    if (tokens.size() > positions) {
      throw new BadRowException(
          String.format(
              Locale.ROOT,
              "the prompt has %,d tokens, and the model %,d positions",
              tokens.size(),
              positions),
          "Shorten the prompt, or remove the row.");
    }
    for (var i = 0; i < tokens.size(); i++) {
      var id = tokens.getInt(i);
      if (id >= vocabulary) {
        throw new BadRowException(
            "the prompt uses " + UnknownTokens.inWords(tokenizer, id, vocabulary),
            "Use the model's own tokenizer, or change the row.");
      }
    }
    return tokens;
  }
}
