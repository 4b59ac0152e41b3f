package org.bayu.train.data;

import org.bayu.llama.tokenizer.LlamaTokenizer;
import org.bayu.tensor.io.Printable;
import org.bayu.train.LossMask;
import org.bayu.train.TokenizedExample;

/**
 * An example's tokens as text for a reader, who sees which of them have loss when they are
 * predicted, and which are special tokens: a text that only spells one looks otherwise.
 *
 * @param ansi whether colours mark them, not brackets
 */
public record ExampleText(LlamaTokenizer tokenizer, boolean ansi) {
  private static final String GREEN = "\033[32m";
  private static final String DEFAULT_COLOUR = "\033[39m";
  private static final String REVERSE = "\033[7m";
  private static final String NOT_REVERSE = "\033[27m";

  /** The text, with what a terminal would act on escaped, but for line ends and tabs. */
  public String of(TokenizedExample example, LossMask mask) {
    var text = new StringBuilder();
    var decoder = tokenizer.newDecoder();
    var plain = new StringBuilder();
    var tokens = example.tokens();
    for (var i = 0; i < tokens.size(); i++) {
      // Position i − 1 predicts token i.
      if (mask.count(example) > 0 && i - 1 == mask.begin(example)) {
        flush(plain, text);
        text.append(ansi ? GREEN : "⟦");
      }
      var id = tokens.getInt(i);
      if (tokenizer.isSpecial(id)) {
        flush(plain, text);
        text.append(ansi ? REVERSE : "⟨");
        text.append(Printable.escape(tokenizer.piece(id)));
        text.append(ansi ? NOT_REVERSE : "⟩");
      } else {
        plain.append(decoder.push(id));
      }
    }
    plain.append(decoder.finish());
    flush(plain, text);
    return text.append(mask.count(example) == 0 ? "" : ansi ? DEFAULT_COLOUR : "⟧").toString();
  }

  private static void flush(StringBuilder plain, StringBuilder text) {
    plain
        .codePoints()
        .forEach(
            c ->
                text.append(
                    c == '\n' || c == '\t'
                        ? Character.toString(c)
                        : Printable.escape(Character.toString(c))));
    plain.setLength(0);
  }
}
