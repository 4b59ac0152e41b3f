package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntList;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.IntFunction;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/** What {@code tokenizer_config.json} says beside a tokenizer; every key may be missing. */
record TokenizerConfig(@Nullable JsonObject json, NamedTokens named) {
  static final String FILE_NAME = "tokenizer_config.json";

  /** The file's say on {@code add_bos_token} and its like; null when it says nothing. */
  @Nullable Boolean flag(String key) throws MalformedFileException {
    return (json != null && json.has(key)) ? json.bool(key, false) : null;
  }

  /** The id of {@code bos_token} or {@code eos_token}: empty where the file says null. */
  OptionalInt token(String key, Vocabulary vocabulary, OptionalInt otherwise)
      throws MalformedFileException {
    var token = named.get(key);
    if (token == null) {
      return (json != null && json.isNull(key)) ? OptionalInt.empty() : otherwise;
    }
    int id = vocabulary.id(token.content());
    if (id == Vocabulary.NONE) {
      throw token
          .file()
          .malformed(
              key,
              "is " + Printable.quote(token.content()) + ", which the vocabulary does not have");
    }
    return OptionalInt.of(id);
  }

  /**
   * What is put around every text. Beside tokenizer.json its post-processor decides, as in
   * Transformers 5, which drops {@code add_bos_token} and {@code add_eos_token} there; beside
   * tokenizer.model they hold.
   */
  Template template(Template stated, Path file, OptionalInt bos, OptionalInt eos)
      throws MalformedFileException {
    var bosFlag = flag("add_bos_token");
    var eosFlag = flag("add_eos_token");
    if (isJson(file)) {
      return stated;
    }
    var prefix = bos.isEmpty() ? IntList.of() : with(stated.prefix(), bos.getAsInt(), bosFlag);
    var suffix = eos.isEmpty() ? IntList.of() : with(stated.suffix(), eos.getAsInt(), eosFlag);
    return new Template(prefix, suffix);
  }

  private static IntList with(IntList ids, int token, @Nullable Boolean wanted) {
    if (wanted == null) {
      return ids.isEmpty() ? ids : IntList.of(token);
    }
    return wanted ? IntList.of(token) : IntList.of();
  }

  /** A line for each flag that the post-processor of tokenizer.json overrules. */
  List<String> notes(
      Template stated, Path file, OptionalInt bos, OptionalInt eos, IntFunction<String> spelling)
      throws MalformedFileException {
    var notes = new ArrayList<String>();
    if (json != null && isJson(file)) {
      for (var part : List.of("bos", "eos")) {
        boolean isBos = part.equals("bos");
        var ids = isBos ? stated.prefix() : stated.suffix();
        var token = isBos ? bos : eos;
        var place = isBos ? "in front of" : "behind";
        var flag = flagKey(part);
        var says = "";
        if (addsInVain(part, ids, token)) {
          says = flag + " is true, but the post_processor of tokenizer.json puts no ";
          says += spelling.apply(token.orElseThrow()) + " " + place + " a text";
        } else if (!ids.isEmpty() && (isFalse(part) || json.isNull(part + "_token"))) {
          says = json.isNull(part + "_token") ? part + "_token is null" : flag + " is false";
          says += ", but the post_processor of tokenizer.json puts ";
          says += spelling.apply(ids.getInt(0)) + " " + place + " every text";
        }
        if (!says.isEmpty()) {
          notes.add(
              FILE_NAME
                  + ": "
                  + says
                  + ". Bayu follows the post_processor, as Transformers 5 does.");
        }
      }
    }
    return notes;
  }

  /** The flags, beside tokenizer.json, that say something else than its post-processor. */
  List<String> flagsThatDoNotHold(Template stated, OptionalInt bos, OptionalInt eos)
      throws MalformedFileException {
    var flags = new ArrayList<String>();
    for (var part : List.of("bos", "eos")) {
      var ids = part.equals("bos") ? stated.prefix() : stated.suffix();
      if (addsInVain(part, ids, part.equals("bos") ? bos : eos)
          || (isFalse(part) && !ids.isEmpty())) {
        flags.add(flagKey(part));
      }
    }
    return flags;
  }

  static String flagKey(String part) {
    return "add_" + part + "_token";
  }

  private boolean addsInVain(String part, IntList ids, OptionalInt token)
      throws MalformedFileException {
    return Boolean.TRUE.equals(flag(flagKey(part)))
        && token.isPresent()
        && !ids.contains(token.getAsInt());
  }

  private boolean isFalse(String part) throws MalformedFileException {
    return Boolean.FALSE.equals(flag(flagKey(part)));
  }

  private static boolean isJson(Path file) {
    return file.toString().endsWith(".json");
  }
}
