package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;

/**
 * The special tokens that {@code tokenizer_config.json} and {@code special_tokens_map.json} name by
 * their part, such as {@code eos_token}, and those that they list beside. The second file counts,
 * and then more than the first, where the first has no {@code added_tokens_decoder}. Source:
 * Transformers 5, {@code PreTrainedTokenizerBase._from_pretrained}.
 */
final class NamedTokens {
  static final List<String> PARTS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private static final String ADDITIONAL = "additional_special_tokens";
  private static final List<String> LISTS = List.of(ADDITIONAL, "extra_special_tokens");

  private final Map<String, Named> parts = new LinkedHashMap<>();
  private final List<AddedToken> listed = new ArrayList<>();
  private final List<AddedToken> listedLate = new ArrayList<>();

  /**
   * A token and the file that names it.
   *
   * @param token with its flags and without an id
   */
  record Named(JsonObject file, AddedToken token) {
    String content() {
      return token.content();
    }
  }

  /** Reads the files; each may be missing. */
  static NamedTokens read(@Nullable JsonObject config, @Nullable JsonObject map)
      throws MalformedFileException {
    var named = new NamedTokens();
    if (config != null) {
      named.add(config, /* isMap= */ false);
    }
    if (map != null && (config == null || !config.has("added_tokens_decoder"))) {
      named.add(map, /* isMap= */ true);
    }
    return named;
  }

  /** The token of a part, or null. */
  @Nullable Named get(String part) {
    return parts.get(part);
  }

  /** The tokens of all parts. */
  List<AddedToken> ofParts() {
    return parts.values().stream().map(Named::token).toList();
  }

  /**
   * The tokens that are listed without a part. Of {@code special_tokens_map.json} the list under
   * its older name counts beside tokenizer.json only.
   */
  List<AddedToken> listed(boolean besideJson) {
    var tokens = new ArrayList<>(listed);
    if (besideJson) {
      tokens.addAll(listedLate);
    }
    return tokens;
  }

  /** Whether a token is special in added_tokens.json: it is named, or listed early enough. */
  boolean has(String content) {
    return ofParts().stream().anyMatch(token -> token.content().equals(content))
        || listed.stream().anyMatch(token -> token.content().equals(content));
  }

  private void add(JsonObject file, boolean isMap) throws MalformedFileException {
    for (var part : PARTS) {
      if (file.has(part)) {
        parts.put(part, new Named(file, token(file, part, file.node().get(part))));
      }
    }
    for (var list : LISTS) {
      if (file.has(list) && file.node().get(list).isArray()) {
        int i = 0;
        var tokens = isMap && list.equals(ADDITIONAL) ? listedLate : listed;
        for (var entry : file.array(list)) {
          tokens.add(token(file, list + "[" + i++ + "]", entry));
        }
      }
    }
  }

  private static AddedToken token(JsonObject file, String key, JsonNode value)
      throws MalformedFileException {
    if (value.isObject()) {
      return AddedToken.read(Vocabulary.NONE, file.child(key, value)).asSpecial();
    }
    if (!value.isTextual() || value.textValue().isEmpty()) {
      throw file.malformed(key, "is not a token");
    }
    return AddedToken.special(Vocabulary.NONE, value.textValue());
  }
}
