package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.ProtobufReader;

/**
 * Reads SentencePiece's {@code tokenizer.model}: a protobuf of pieces with scores and types, and of
 * what the trainer and the normalizer were told. Only BPE models with the identity as character
 * map, as Llama's is. Source: {@code sentencepiece_model.proto}.
 */
final class SentencePieceModel {
  static final String FILE_NAME = "tokenizer.model";

  private enum Type {
    NORMAL,
    UNKNOWN,
    CONTROL,
    USER_DEFINED,
    UNUSED,
    BYTE
  }

  private enum ModelType {
    UNIGRAM,
    BPE,
    WORD,
    CHAR
  }

  private final Path file;
  private final Vocabulary vocabulary;
  private final List<Float> scores = new ArrayList<>();
  private final List<Type> types = new ArrayList<>();
  private ModelType modelType = ModelType.UNIGRAM;
  private boolean byteFallback;
  private int bosId = 1;
  private int eosId = 2;
  private boolean dummyPrefix = true;
  private boolean removeExtraWhitespaces = true;
  private boolean escapeWhitespaces = true;

  private SentencePieceModel(Path file) {
    this.file = file;
    vocabulary = new Vocabulary(file);
  }

  /** Reads the model whose file holds {@code bytes}. */
  static SentencePieceModel parse(Path file, byte[] bytes) throws MalformedFileException {
    if (bytes.length == 0) {
      throw new MalformedFileException(file, "is empty");
    }
    if (looksLikeTiktoken(bytes)) {
      throw new MalformedFileException(
          file,
          "is a tiktoken vocabulary, not a SentencePiece model; put tokenizer.json beside it");
    }
    var model = new SentencePieceModel(file);
    try {
      model.readModel(new ProtobufReader(bytes));
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(file, "is not a SentencePiece model: " + e.getMessage());
    }
    model.check();
    return model;
  }

  private void readModel(ProtobufReader model) throws MalformedFileException {
    while (model.next()) {
      switch (model.field()) {
        case 1 -> readPiece(model.message());
        case 2 -> readTrainer(model.message());
        case 3 -> readNormalizer(model.message(), "normalizer", /* main= */ true);
        case 5 -> readNormalizer(model.message(), "denormalizer", /* main= */ false);
        default -> {} // self test data and extensions
      }
    }
  }

  private void readPiece(ProtobufReader piece) throws MalformedFileException {
    var text = "";
    float score = 0;
    var type = Type.NORMAL;
    int id = types.size();
    while (piece.next()) {
      switch (piece.field()) {
        case 1 -> text = piece.text();
        case 2 -> score = piece.float32();
        case 3 -> type = constant(Type.values(), piece.number(), "piece " + id + " has the type");
        default -> {}
      }
    }
    if (text.isEmpty() || Float.isNaN(score)) {
      throw malformed("piece " + id + (text.isEmpty() ? " is empty" : " has NaN as its score"));
    }
    if (type == Type.UNUSED) {
      throw malformed("piece " + id + " has the type UNUSED, which Bayu does not implement");
    }
    vocabulary.add(text, id);
    if (vocabulary.size() != id + 1) {
      throw malformed("the piece " + Printable.quote(text) + " stands there twice");
    }
    scores.add(score);
    types.add(type);
  }

  private void readTrainer(ProtobufReader trainer) throws MalformedFileException {
    while (trainer.next()) {
      switch (trainer.field()) {
        case 3 -> modelType = constant(ModelType.values(), trainer.number(), "the model type is");
        case 24 -> {
          if (trainer.bool()) {
            throw malformed("treat_whitespace_as_suffix is set, which Bayu does not implement");
          }
        }
        case 35 -> byteFallback = trainer.bool();
        case 41 -> bosId = (int) trainer.number();
        case 42 -> eosId = (int) trainer.number();
        default -> {}
      }
    }
  }

  private void readNormalizer(ProtobufReader normalizer, String kind, boolean main)
      throws MalformedFileException {
    var name = "";
    boolean maps = false;
    while (normalizer.next()) {
      switch (normalizer.field()) {
        case 1 -> name = normalizer.text();
        case 2 -> maps = normalizer.bytes().length > 0;
        case 3 -> dummyPrefix = main ? normalizer.bool() : dummyPrefix;
        case 4 -> removeExtraWhitespaces = main ? normalizer.bool() : removeExtraWhitespaces;
        case 5 -> escapeWhitespaces = main ? normalizer.bool() : escapeWhitespaces;
        default -> {}
      }
    }
    if (maps) {
      throw malformed(
          "the "
              + kind
              + " "
              + Printable.quote(name)
              + " maps characters; Bayu implements \"identity\" only");
    }
  }

  private void check() throws MalformedFileException {
    if (modelType != ModelType.BPE) {
      throw malformed(
          "the model type is "
              + modelType.name().toLowerCase(Locale.ROOT)
              + "; Bayu implements bpe only");
    }
    if (types.stream().filter(type -> type == Type.UNKNOWN).count() != 1) {
      throw malformed("there is not exactly one piece of the type UNKNOWN");
    }
    if (byteFallback) {
      for (int b = 0; b < 256; b++) {
        int id = vocabulary.id(Vocabulary.byteToken(b));
        if (id == Vocabulary.NONE || types.get(id) != Type.BYTE) {
          throw malformed("the byte piece " + Vocabulary.byteToken(b) + " is missing");
        }
      }
    }
    if (bosId >= types.size() || eosId >= types.size()) {
      throw malformed("the trainer's bos_id or eos_id is not the id of a piece");
    }
  }

  /** The tokenizer of this model and of the files beside it, which is asked for once. */
  TokenizerParts parts(AddedTokenFiles files) throws MalformedFileException {
    var stated = new ArrayList<AddedToken>();
    var userDefined = new ArrayList<AddedToken>();
    for (int id = 0; id < types.size(); id++) {
      var piece = piece(id);
      switch (types.get(id)) {
        case CONTROL, UNKNOWN -> stated.add(AddedToken.special(id, piece));
        case USER_DEFINED ->
            userDefined.add(new AddedToken(id, piece, false, true, false, false, false));
        default -> {}
      }
    }
    // First, because symbols beyond the vocabulary's ids stand for characters that have none.
    var added = files.resolve(stated, /* isJson= */ false, vocabulary);
    var addedIds = new IntOpenHashSet();
    added.forEach(token -> addedIds.add(token.id()));
    userDefined.removeIf(token -> addedIds.contains(token.id()));
    var bos = bosId < 0 ? OptionalInt.empty() : OptionalInt.of(bosId);
    var eos = eosId < 0 ? OptionalInt.empty() : OptionalInt.of(eosId);
    var prefix = bos.isPresent() ? IntList.of(bosId) : IntList.of();
    return new TokenizerParts(
        file,
        vocabulary,
        added,
        userDefined,
        Normalizer.sentencePiece(removeExtraWhitespaces, escapeWhitespaces),
        new TokenizerParts.Ends(
            dummyPrefix ? (escapeWhitespaces ? "▁" : " ") : "", removeExtraWhitespaces),
        PreTokenizer.NONE,
        bpe(),
        new Template(prefix, IntList.of()),
        DecodeRules.sentencePiece(
            byteFallback, dummyPrefix || removeExtraWhitespaces, removeExtraWhitespaces),
        bos,
        eos);
  }

  /**
   * The merges as tokenizer.json lists them: the pieces by descending score, and what makes one
   * piece by ascending ids.
   */
  List<BpeLearner.Pair> orderedMerges() {
    var characters = characters();
    return IntStream.range(0, types.size())
        .boxed()
        .sorted(Comparator.comparing((Integer id) -> scores.get(id)).reversed())
        .flatMap(
            id ->
                pairs(id, characters).stream()
                    .sorted(
                        Comparator.comparingInt(BpeLearner.Pair::left)
                            .thenComparingInt(BpeLearner.Pair::right)))
        .toList();
  }

  /**
   * Whether a tokenizer.json can say the same. One cannot merge characters that are no pieces
   * themselves, and finds a piece of the user's in front of the space that begins the text.
   */
  boolean hasJsonForm() {
    var characters = characters();
    for (int id = 0; id < types.size(); id++) {
      boolean known =
          switch (types.get(id)) {
            case NORMAL -> piece(id).codePoints().allMatch(characters::containsKey);
            case USER_DEFINED -> !dummyPrefix;
            default -> true;
          };
      if (!known) {
        return false;
      }
    }
    return escapeWhitespaces;
  }

  int size() {
    return types.size();
  }

  String unknownPiece() {
    return piece(types.indexOf(Type.UNKNOWN));
  }

  boolean byteFallback() {
    return byteFallback;
  }

  boolean dummyPrefix() {
    return dummyPrefix;
  }

  boolean removesExtraWhitespaces() {
    return removeExtraWhitespaces;
  }

  /** Pieces of one character. */
  private Int2IntOpenHashMap characters() {
    var characters = new Int2IntOpenHashMap();
    characters.defaultReturnValue(Vocabulary.NONE);
    for (int id = 0; id < types.size(); id++) {
      if (types.get(id) == Type.NORMAL && Characters.isSingle(piece(id))) {
        characters.put(piece(id).codePointAt(0), id);
      }
    }
    return characters;
  }

  private Bpe bpe() {
    var characters = characters();
    var extra = new IntArrayList();
    for (int id = 0; id < types.size(); id++) {
      if (types.get(id) == Type.NORMAL) {
        piece(id)
            .codePoints()
            .forEach(
                codePoint -> {
                  if (!characters.containsKey(codePoint)) {
                    characters.put(codePoint, vocabulary.size() + extra.size());
                    extra.add(codePoint);
                  }
                });
      }
    }
    var rules =
        new Bpe.Rules(
            vocabulary,
            byteFallback ? Bpe.Bytes.FALLBACK : Bpe.Bytes.NONE,
            types.indexOf(Type.UNKNOWN),
            /* fuseUnknown= */ true,
            /* ignoreMerges= */ false);
    return new Bpe(
        rules, merges(characters), characters, extra.toIntArray(), /* mergesBytes= */ false);
  }

  /** Every way in which a piece is put together from two symbols, ranked by the piece's score. */
  private Merges merges(Int2IntOpenHashMap characters) {
    var ranks = ranks();
    var merges = new Merges(2 * types.size());
    for (int id = 0; id < types.size(); id++) {
      for (var pair : pairs(id, characters)) {
        merges.add(pair.left(), pair.right(), ranks[id], id, piece(id));
      }
    }
    return merges;
  }

  private List<BpeLearner.Pair> pairs(int id, Int2IntOpenHashMap characters) {
    if (types.get(id) != Type.NORMAL) {
      return List.of();
    }
    var pairs = new ArrayList<BpeLearner.Pair>();
    var piece = piece(id);
    for (int cut = 0; ; ) {
      cut += Character.charCount(piece.codePointAt(cut));
      if (cut == piece.length()) {
        return pairs;
      }
      int left = symbol(piece.substring(0, cut), characters);
      int right = symbol(piece.substring(cut), characters);
      if (left != Vocabulary.NONE && right != Vocabulary.NONE) {
        pairs.add(new BpeLearner.Pair(left, right));
      }
    }
  }

  private int symbol(String text, Int2IntOpenHashMap characters) {
    if (Characters.isSingle(text)) {
      return characters.get(text.codePointAt(0));
    }
    int id = vocabulary.id(text);
    return id != Vocabulary.NONE && id < types.size() && types.get(id) == Type.NORMAL
        ? id
        : Vocabulary.NONE;
  }

  /** For each id the number of different scores that are better: equal scores, equal ranks. */
  private int[] ranks() {
    var ascending = new float[scores.size()];
    for (int i = 0; i < ascending.length; i++) {
      ascending[i] = scores.get(i);
    }
    Arrays.sort(ascending);
    int distinct = 0;
    for (int i = 0; i < ascending.length; i++) {
      if (i == 0 || ascending[i] != ascending[distinct - 1]) {
        ascending[distinct++] = ascending[i];
      }
    }
    var ranks = new int[types.size()];
    for (int id = 0; id < ranks.length; id++) {
      ranks[id] = distinct - 1 - Arrays.binarySearch(ascending, 0, distinct, scores.get(id));
    }
    return ranks;
  }

  String piece(int id) {
    return Objects.requireNonNull(vocabulary.piece(id));
  }

  private <E extends Enum<E>> E constant(E[] constants, long number, String what)
      throws MalformedFileException {
    if (number < 1 || number > constants.length) {
      throw malformed(what + " " + number + ", which SentencePiece does not have");
    }
    return constants[(int) number - 1];
  }

  /** Whether it begins with a line of base64, a space and a number: Meta's files of Llama 3. */
  private static boolean looksLikeTiktoken(byte[] bytes) {
    var start = new String(bytes, 0, Math.min(bytes.length, 80), StandardCharsets.ISO_8859_1);
    return start.matches("(?s)[A-Za-z0-9+/]+=* [0-9]+\r?\n.*");
  }

  private MalformedFileException malformed(String reason) {
    return new MalformedFileException(file, reason);
  }
}
