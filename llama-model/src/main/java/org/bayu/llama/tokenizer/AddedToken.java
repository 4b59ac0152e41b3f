package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.bayu.tensor.io.MalformedFileException;

/**
 * A piece that is found in the text as it stands, before any merging.
 *
 * @param special control token: skipped in decoding, and text in user text unless asked otherwise
 * @param normalized looked for after the normalizer has run, and itself normalized
 * @param lstrip takes the white space in front of it along
 * @param rstrip takes the white space behind it along
 * @param singleWord found only where no word character touches it
 */
record AddedToken(
    int id,
    String content,
    boolean special,
    boolean normalized,
    boolean lstrip,
    boolean rstrip,
    boolean singleWord) {

  /** A control token as SentencePiece and Llama have them: no white space rules. */
  static AddedToken special(int id, String content) {
    return new AddedToken(id, content, true, false, false, false, false);
  }

  AddedToken withId(int other) {
    return new AddedToken(other, content, special, normalized, lstrip, rstrip, singleWord);
  }

  /** The same as a control token. */
  AddedToken asSpecial() {
    return new AddedToken(id, content, true, normalized, lstrip, rstrip, singleWord);
  }

  AddedToken withContent(String other) {
    return new AddedToken(id, other, special, normalized, lstrip, rstrip, singleWord);
  }

  /** Reads an entry of {@code added_tokens} or {@code added_tokens_decoder}. */
  static AddedToken read(int id, JsonObject entry) throws MalformedFileException {
    var special = entry.bool("special", false);
    var token =
        new AddedToken(
            id,
            entry.string("content"),
            special,
            entry.bool("normalized", !special),
            entry.bool("lstrip", false),
            entry.bool("rstrip", false),
            entry.bool("single_word", false));
    if (token.content.isEmpty()) {
      throw entry.malformed("content", "is empty");
    }
    return token;
  }

  /** As an entry of {@code added_tokens}. */
  ObjectNode toJson() {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", id)
        .put("content", content)
        .put("single_word", singleWord)
        .put("lstrip", lstrip)
        .put("rstrip", rstrip)
        .put("normalized", normalized)
        .put("special", special);
  }
}
