package org.bayu.llama.tokenizer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;

/** What {@code tokenizer_config.json} says beside a tokenizer; every key may be missing. */
record TokenizerConfig(@Nullable JsonObject json) {
  static final String FILE_NAME = "tokenizer_config.json";

  /** The file's say on {@code add_bos_token} and its like; null when it says nothing. */
  @Nullable Boolean flag(String key) throws MalformedFileException {
    return (json != null && json.has(key)) ? json.bool(key, false) : null;
  }

  /** The id of {@code bos_token} or {@code eos_token}: empty where the file says null. */
  OptionalInt token(String key, Vocabulary vocabulary, OptionalInt otherwise)
      throws MalformedFileException {
    if (json == null || !json.has(key)) {
      return (json != null && json.isNull(key)) ? OptionalInt.empty() : otherwise;
    }
    boolean bare = json.node().get(key).isTextual();
    var content = bare ? json.string(key) : json.object(key).string("content");
    int id = vocabulary.id(content);
    if (id == Vocabulary.NONE) {
      throw json.malformed(key, "is \"" + content + "\", which the vocabulary does not have");
    }
    return OptionalInt.of(id);
  }

  /** The tokens of {@code added_tokens_decoder} that the vocabulary lacks; adds them to it. */
  List<AddedToken> addMissingTo(Vocabulary vocabulary) throws MalformedFileException {
    var missing = new ArrayList<AddedToken>();
    var entries = json == null ? null : json.optionalObject("added_tokens_decoder");
    if (entries == null) {
      return missing;
    }
    for (var property : entries.node().properties()) {
      var token =
          AddedToken.read(id(property.getKey(), entries), entries.object(property.getKey()));
      if (vocabulary.id(token.content()) == Vocabulary.NONE) {
        vocabulary.add(token.content(), token.id());
        missing.add(token);
      }
    }
    return missing;
  }

  private static int id(String key, JsonObject entries) throws MalformedFileException {
    try {
      return Integer.parseInt(key);
    } catch (NumberFormatException e) {
      throw entries.malformed(key, "is not a token id");
    }
  }

  /** Where the file lies beside a tokenizer's file. */
  static Path beside(Path tokenizer) {
    return tokenizer.resolveSibling(FILE_NAME);
  }
}
