package org.bayu.finetune.data;

import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.llama.tokenizer.TemplateText;

/**
 * Reads rows that a model is to answer, with the tokens of their prompts, which are those that
 * training begins with.
 *
 * @param rows makes the prompts
 * @param vocabulary how many tokens the model has
 */
public record PromptReader(RowReader rows, LlamaTokenizer tokenizer, int vocabulary) {

  /**
   * A row to answer.
   *
   * @param tokens of its prompt, at least one, all of them the model's
   */
  public record Prompt(PromptedRow row, IntList tokens) {}

  /**
   * All rows of a file.
   *
   * @throws org.bayu.finetune.UserException that names file, line and reason of a bad line; a row
   *     whose prompt has no tokens, or one that the model does not have, is one
   */
  public List<Prompt> read(Path file) throws IOException {
    var prompts = new ArrayList<Prompt>();
    rows.read(
        file, row -> prompts.add(new Prompt(row, tokens(tokenizer, vocabulary, row.prompt()))));
    return prompts;
  }

  /**
   * A prompt's tokens, with which training begins too.
   *
   * @param vocabulary how many tokens the model has
   * @throws BadRowException if there are none, or one that the model does not have
   */
  public static IntList tokens(LlamaTokenizer tokenizer, int vocabulary, TemplateText prompt)
      throws BadRowException {
    var tokens = tokenizer.prompt(prompt);
    if (tokens.isEmpty()) {
      throw new BadRowException(
          "the prompt is empty, and the tokenizer puts no token in front of it",
          "Give the row a prompt, or remove it.");
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
