package org.bayu.llama.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;

/**
 * Reads Hugging Face's {@code tokenizer.json} with a BPE model, in the two shapes that Llama has:
 * SentencePiece's pieces with byte fallback (Llama 2), and bytes cut by a regular expression (Llama
 * 3). A component of another type is refused by its name. Source: the tokenizers library.
 */
final class TokenizerJson {
  static final String FILE_NAME = "tokenizer.json";

  private static final List<String> PARTS =
      List.of(
          "version",
          "truncation",
          "padding",
          "added_tokens",
          "normalizer",
          "pre_tokenizer",
          "post_processor",
          "decoder",
          "model");

  /** EOS tokens by their usual names, for a folder that does not say which one it is. */
  private static final List<String> USUAL_EOS =
      List.of("</s>", "<|end_of_text|>", "<|endoftext|>", "<eos>");

  private final JsonObject json;
  private final JsonObject model;
  private final Vocabulary vocabulary;

  private TokenizerJson(JsonObject json, JsonObject model) {
    this.json = json;
    this.model = model;
    vocabulary = new Vocabulary(json.file());
  }

  /** Reads the tokenizer whose file holds {@code bytes}. */
  static TokenizerParts parse(Path file, byte[] bytes, AddedTokenFiles files) throws IOException {
    var json = JsonObject.parse(file, bytes);
    for (var part : json.node().properties()) {
      if (!PARTS.contains(part.getKey())) { // a misspelled one would be left out without a word
        throw json.malformed(
            part.getKey(), "is no part of a tokenizer; the parts are " + String.join(", ", PARTS));
      }
    }
    var model = json.object("model");
    var type = model.string("type", "BPE"); // old files leave it out
    if (!type.equals("BPE")) {
      throw model.unknown("tokenizer model", type);
    }
    return new TokenizerJson(json, model).parts(files);
  }

  private TokenizerParts parts(AddedTokenFiles files) throws MalformedFileException {
    for (var entry : model.object("vocab").node().properties()) {
      if (!entry.getValue().isInt()) {
        throw model.malformed(
            "vocab", "gives " + Printable.quote(entry.getKey()) + " something else than an id");
      }
      vocabulary.add(entry.getKey(), entry.getValue().intValue());
    }
    var characters = characters();
    var tokens = files.resolve(addedTokens(), /* isJson= */ true, vocabulary);

    var normalizer =
        json.has("normalizer") ? Normalizer.read(json.object("normalizer")) : Normalizer.IDENTITY;
    var added = new ArrayList<AddedToken>();
    var addedAfterNormalizing = new ArrayList<AddedToken>();
    for (var token : tokens) {
      if (token.normalized()) {
        addedAfterNormalizing.add(token.withContent(normalizer.normalize(token.content())));
      } else {
        added.add(token);
      }
    }
    boolean byteLevel = false;
    var preTokenizer = PreTokenizer.NONE;
    if (json.has("pre_tokenizer")) {
      byteLevel = PreTokenizer.isByteLevel(json.object("pre_tokenizer"));
      preTokenizer = PreTokenizer.read(json.object("pre_tokenizer"));
    }
    var template =
        json.has("post_processor") ? Template.read(json.object("post_processor")) : Template.EMPTY;
    checkKnown(template.prefix());
    checkKnown(template.suffix());
    return new TokenizerParts(
        json.file(),
        vocabulary,
        added,
        addedAfterNormalizing,
        normalizer,
        TokenizerParts.Ends.AS_THEY_ARE,
        preTokenizer,
        bpe(characters, byteLevel),
        template,
        DecodeRules.read(json.object("decoder")),
        usualBos(template),
        usualEos(tokens));
  }

  private List<AddedToken> addedTokens() throws MalformedFileException {
    var tokens = new ArrayList<AddedToken>();
    if (json.has("added_tokens")) {
      for (var entry : json.objects("added_tokens")) {
        var token = AddedToken.read(entry.integer("id"), entry);
        int known = vocabulary.id(token.content());
        if (known != Vocabulary.NONE && known != token.id()) {
          vocabulary.add(token.content(), token.id()); // refuses the second id
        }
        tokens.add(token);
      }
    }
    return tokens;
  }

  private Bpe bpe(Int2IntOpenHashMap characters, boolean byteLevel) throws MalformedFileException {
    for (var key : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      if (!model.string(key, "").isEmpty()) {
        throw model.malformed(key, "is set, which Bayu does not implement");
      }
    }
    if (model.has("dropout") && model.node().get("dropout").asDouble() != 0) {
      throw model.malformed("dropout", "is set: the same text would get other ids each time");
    }
    var bytes =
        byteLevel
            ? Bpe.Bytes.LEVEL
            : model.bool("byte_fallback", false) ? Bpe.Bytes.FALLBACK : Bpe.Bytes.NONE;
    int unknown = Vocabulary.NONE;
    if (model.has("unk_token")) {
      unknown = known(model.string("unk_token"), "unk_token");
    }
    var byteIds = new IntOpenHashSet(vocabulary.byteTokens());
    byteIds.remove(Vocabulary.NONE);
    var array = model.array("merges");
    var merges = new Merges(array.size());
    boolean mergesBytes = false;
    int rank = 0;
    for (var entry : array) {
      var pair = pair(entry, rank);
      int left = known(pair[0], "merges");
      int right = known(pair[1], "merges");
      var merged = pair[0] + pair[1];
      mergesBytes |= !byteLevel && (byteIds.contains(left) || byteIds.contains(right));
      merges.add(left, right, rank++, known(merged, "merges"), merged);
    }
    var rules =
        new Bpe.Rules(
            vocabulary,
            bytes,
            unknown,
            model.bool("fuse_unk", false),
            model.bool("ignore_merges", false));
    return new Bpe(rules, merges, characters, new int[0], mergesBytes);
  }

  /** The two pieces of a merge, written {@code "a b"} or {@code ["a", "b"]}. */
  private String[] pair(JsonNode entry, int index) throws MalformedFileException {
    if (entry.isTextual()) {
      var pair = entry.textValue().split(" ", -1);
      if (pair.length == 2) {
        return pair;
      }
    } else if (entry.isArray()
        && entry.size() == 2
        && entry.get(0).isTextual()
        && entry.get(1).isTextual()) {
      return new String[] {entry.get(0).textValue(), entry.get(1).textValue()};
    }
    throw model.malformed("merges[" + index + "]", "is not a pair of pieces");
  }

  /** First symbols: the pieces of one character. */
  private Int2IntOpenHashMap characters() {
    var characters = new Int2IntOpenHashMap();
    for (int id = 0; id < vocabulary.size(); id++) {
      var piece = vocabulary.piece(id);
      if (piece != null && Characters.isSingle(piece)) {
        characters.put(piece.codePointAt(0), id);
      }
    }
    return characters;
  }

  private int known(String piece, String key) throws MalformedFileException {
    int id = vocabulary.id(piece);
    if (id == Vocabulary.NONE) {
      throw model.malformed(
          key, "names " + Printable.quote(piece) + ", which the vocabulary does not have");
    }
    return id;
  }

  private void checkKnown(IntList ids) throws MalformedFileException {
    for (int id : ids) {
      if (id >= vocabulary.size() || vocabulary.piece(id) == null) {
        throw json.malformed(
            "post_processor", "adds the token " + id + ", which the vocabulary does not have");
      }
    }
  }

  private static OptionalInt usualBos(Template template) {
    return template.prefix().isEmpty()
        ? OptionalInt.empty()
        : OptionalInt.of(template.prefix().getInt(0));
  }

  private OptionalInt usualEos(List<AddedToken> tokens) {
    return USUAL_EOS.stream()
        .filter(name -> tokens.stream().anyMatch(t -> t.special() && t.content().equals(name)))
        .mapToInt(vocabulary::id)
        .findFirst();
  }
}
