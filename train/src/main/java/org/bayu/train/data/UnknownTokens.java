package org.bayu.train.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.io.Printable;
import org.bayu.train.TokenizedData;
import org.bayu.train.TrainException;

/** Tokens of a tokenizer that its model does not have. They only matter if a row uses one. */
public final class UnknownTokens {
  private UnknownTokens() {}

  /**
   * Looks for them in the rows.
   *
   * @param file the rows', for messages
   * @param vocabulary how many tokens the model has
   * @return a line where the tokenizer has more tokens and no row uses them; else none
   * @throws TrainException that names the first row that uses one, counted from 1, and the token
   */
  public static List<String> check(
      Path file, TokenizedData data, LlamaTokenizer tokenizer, int vocabulary) {
    if (tokenizer.vocabSize() <= vocabulary) {
      return List.of();
    }
    for (var row = 0; row < data.size(); row++) {
      var tokens = data.get(row).tokens();
      for (var i = 0; i < tokens.size(); i++) {
        if (tokens.getInt(i) >= vocabulary) {
          throw TrainException.inputFile(
              String.format(
                  Locale.ROOT,
                  "%s: row %d uses %s. Use the model's own tokenizer, or change the row.",
                  file,
                  row + 1,
                  inWords(tokenizer, tokens.getInt(i), vocabulary)));
        }
      }
    }
    return List.of(
        String.format(
            Locale.ROOT,
            "%s: the tokenizer has %,d tokens and the model %,d; no row uses the others.",
            file,
            tokenizer.vocabSize(),
            vocabulary));
  }

  /** A token that the model does not have, in words. */
  public static String inWords(LlamaTokenizer tokenizer, int id, int vocabulary) {
    return String.format(
        Locale.ROOT,
        "the token %s, whose id %d the model does not have: it has %d tokens",
        Printable.quote(tokenizer.piece(id)),
        id,
        vocabulary);
  }
}
