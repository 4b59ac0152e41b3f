package org.bayu.llama.tokenizer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;

/**
 * The tokenizer in an adapter's folder beside that of the model it was trained on.
 *
 * @param own the adapter's
 * @param base the model's
 */
record AdapterTokenizer(LlamaTokenizer own, LlamaTokenizer base) {

  /**
   * Refuses a tokenizer of another model: one that gives a token another id.
   *
   * @param adapter the adapter's folder
   */
  void check(Path adapter) throws MalformedFileException {
    var moved = new ArrayList<String>();
    for (int id = 0; id < own.vocabSize(); id++) {
      var piece = own.piece(id);
      var known = base.id(piece);
      if (!piece.isEmpty() && known.isPresent() && known.getAsInt() != id) {
        moved.add(
            String.format(
                Locale.ROOT,
                "%s has the id %d for %d",
                Printable.quote(piece),
                id,
                known.getAsInt()));
      }
    }
    if (!moved.isEmpty()) {
      throw new MalformedFileException(
          adapter,
          "its tokenizer is that of another model: "
              + Printable.first(moved, ", ")
              + ". Use the model that the adapter was trained on, or take the tokenizer out of the"
              + " folder");
    }
  }

  /** A line that says how they differ; none where it does not matter to an id. */
  List<String> notes() {
    var differences = new ArrayList<String>();
    var more = new ArrayList<String>();
    var renamed = new ArrayList<String>();
    for (int id = 0; id < own.vocabSize(); id++) {
      var piece = own.piece(id);
      if (!piece.isEmpty() && base.id(piece).isEmpty()) {
        boolean isNew = id >= base.vocabSize() || base.piece(id).isEmpty();
        (isNew ? more : renamed).add(Printable.quote(piece));
      }
    }
    if (!own.eosText().equals(base.eosText())) {
      differences.add("its EOS is " + text(own.eosText()) + " for " + text(base.eosText()));
    }
    if (own.addsBos() != base.addsBos()) {
      differences.add("it puts " + (own.addsBos() ? "a" : "no") + " BOS in front");
    }
    if (!renamed.isEmpty()) {
      differences.add("tokens with another text: " + Printable.first(renamed, ", "));
    }
    if (!more.isEmpty()) {
      differences.add("tokens more: " + Printable.first(more, ", "));
    }
    return differences.isEmpty()
        ? List.of()
        : List.of(
            Printable.message(
                "The adapter's own tokenizer is in use, which differs from the model's: "
                    + String.join("; ", differences)
                    + "."));
  }

  private static String text(Optional<String> token) {
    return token.map(Printable::quote).orElse("nothing");
  }
}
