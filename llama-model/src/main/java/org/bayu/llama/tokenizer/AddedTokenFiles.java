package org.bayu.llama.tokenizer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * Puts together the added tokens that a tokenizer's own file states and those of the files beside
 * it, as Transformers 5 does: {@code added_tokens_decoder} of {@code tokenizer_config.json}, or
 * without it {@code added_tokens.json}, then the named tokens. A token that is known takes their
 * flags and keeps its id. A new one takes the next free id, whatever the files say; where they say
 * another, a note names both.
 *
 * <p>Under the class LlamaTokenizer tokenizer.json's own added tokens are forgotten where {@code
 * added_tokens_decoder} is there, so that a token renamed there has its old id.
 */
final class AddedTokenFiles {
  private static final List<String> REBUILDING = List.of("LlamaTokenizer", "LlamaTokenizerFast");

  /** What the class LlamaTokenizer takes for special where no file says otherwise. */
  private static final List<String> CLASS_DEFAULTS = List.of("<unk>", "<s>", "</s>");

  /** Characters of all added tokens together: to find them takes some hundred bytes for each. */
  private static final int MOST_CHARACTERS = 1_000_000;

  private final TokenizerConfig config;
  private final @Nullable JsonObject addedTokens;
  private final List<String> moved = new ArrayList<>();

  /**
   * @param addedTokens {@code added_tokens.json}, a map from contents to ids
   */
  AddedTokenFiles(TokenizerConfig config, @Nullable JsonObject addedTokens) {
    this.config = config;
    this.addedTokens = addedTokens;
  }

  /** What the user should know of the tokens that were put together, a line each. */
  List<String> notes() {
    return moved.isEmpty()
        ? List.of()
        : List.of(
            Printable.message(
                "As in Transformers 5 an added token takes the next free id: "
                    + Printable.first(moved, "; ")
                    + "."));
  }

  /**
   * The tokens with their ids; those that are new are in the vocabulary afterwards.
   *
   * @param stated the file's own tokens, in its order, with the ids it gives them
   * @param isJson whether the file is tokenizer.json
   * @param vocabulary of the file's model alone
   */
  List<AddedToken> resolve(List<AddedToken> stated, boolean isJson, Vocabulary vocabulary)
      throws MalformedFileException {
    var resolved = new Resolved(vocabulary);
    boolean forgets = isJson && rebuilds() && decoder() != null;
    if (!forgets) {
      for (var token : stated) {
        resolved.add(token, "tokenizer.json");
      }
    }
    var more = new LinkedHashMap<String, AddedToken>();
    for (var token : beside(stated, isJson).values()) {
      if (!token.equals(resolved.tokens.get(token.content()))) {
        more.put(token.content(), token);
      }
    }
    for (var token : more.values()) {
      resolved.add(named(token) ? token.asSpecial() : token, besideName());
    }
    for (var token : config.named().ofParts()) {
      var known = resolved.tokens.get(token.content());
      if (known != null) {
        resolved.tokens.put(token.content(), known.asSpecial());
      } else if (mayBeNew(token, vocabulary)) {
        resolved.add(token, besideName());
      }
    }
    for (var token : config.named().listed(isJson)) {
      if (!resolved.tokens.containsKey(token.content())) {
        resolved.add(token, besideName());
      }
    }
    if (forgets) {
      for (var content : CLASS_DEFAULTS) {
        if (vocabulary.id(content) != Vocabulary.NONE && !resolved.tokens.containsKey(content)) {
          resolved.add(AddedToken.special(Vocabulary.NONE, content), besideName());
        }
      }
    }
    return new ArrayList<>(resolved.tokens.values());
  }

  /** BOS and EOS must be in some file; a misspelled one would become a token of its own. */
  private boolean mayBeNew(AddedToken token, Vocabulary vocabulary) {
    if (vocabulary.id(token.content()) != Vocabulary.NONE) {
      return true;
    }
    for (var part : List.of("bos_token", "eos_token")) {
      var named = config.named().get(part);
      if (named != null && named.content().equals(token.content())) {
        return false;
      }
    }
    return true;
  }

  private boolean named(AddedToken token) {
    return config.named().ofParts().stream().anyMatch(n -> n.content().equals(token.content()));
  }

  /** The tokens of the files beside the tokenizer's, by id. */
  private Map<Integer, AddedToken> beside(List<AddedToken> stated, boolean isJson)
      throws MalformedFileException {
    var tokens = new TreeMap<Integer, AddedToken>();
    var decoder = decoder();
    if (decoder != null) {
      for (var property : decoder.node().properties()) {
        int id = id(property.getKey(), decoder);
        tokens.put(id, AddedToken.read(id, decoder.object(property.getKey())));
      }
      return tokens;
    }
    if (addedTokens != null) {
      for (var property : addedTokens.node().properties()) {
        int id = addedTokens.integer(property.getKey());
        if (id < 0 || property.getKey().isEmpty()) {
          throw addedTokens.malformed(property.getKey(), "is not a token and its id");
        }
        boolean special = config.named().has(property.getKey());
        tokens.put(
            id, new AddedToken(id, property.getKey(), special, !special, false, false, false));
      }
      if (isJson) {
        stated.forEach(token -> tokens.put(token.id(), token));
      }
    }
    return tokens;
  }

  private @Nullable JsonObject decoder() throws MalformedFileException {
    var json = config.json();
    return json == null ? null : json.optionalObject("added_tokens_decoder");
  }

  private boolean rebuilds() throws MalformedFileException {
    var json = config.json();
    return json != null && REBUILDING.contains(json.string("tokenizer_class", ""));
  }

  private String besideName() throws MalformedFileException {
    return decoder() == null && addedTokens != null
        ? String.valueOf(addedTokens.file().getFileName())
        : TokenizerConfig.FILE_NAME;
  }

  private static int id(String key, JsonObject entries) throws MalformedFileException {
    try {
      int id = Integer.parseInt(key);
      if (id >= 0) {
        return id;
      }
    } catch (NumberFormatException e) {
      // said below, as of a negative number
    }
    throw entries.malformed(key, "is not a token id");
  }

  /** Tokens by content as they come, and the ids they get. */
  private final class Resolved {
    final Map<String, AddedToken> tokens = new LinkedHashMap<>();
    private final Vocabulary vocabulary;
    private int next;
    private int characters;

    Resolved(Vocabulary vocabulary) {
      this.vocabulary = vocabulary;
      next = vocabulary.count();
    }

    void add(AddedToken token, String fileName) throws MalformedFileException {
      characters += token.content().length();
      if (characters > MOST_CHARACTERS) {
        throw new MalformedFileException(
            vocabulary.file(),
            String.format(
                Locale.ROOT, "the added tokens have more than %,d characters", MOST_CHARACTERS));
      }
      int id = vocabulary.id(token.content());
      if (id == Vocabulary.NONE) {
        id = next++;
        vocabulary.add(token.content(), id);
        if (token.id() != Vocabulary.NONE && token.id() != id) {
          moved.add(
              String.format(
                  Locale.ROOT,
                  "%s has the id %d, not %d (%s)",
                  Printable.name(token.content()),
                  id,
                  token.id(),
                  fileName));
        }
      }
      next = Math.max(next, id + 1);
      tokens.put(token.content(), token.withId(id));
    }
  }
}
