package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;

/**
 * Turns text into token ids and back, exactly as the tokenizer's own library does: SentencePiece
 * for {@code tokenizer.model}, tokenizers for {@code tokenizer.json}.
 *
 * <p>Special tokens spelled out in a text stay text unless {@link EncodeOption#PARSE_SPECIAL} asks
 * otherwise. A lone surrogate is read as U+FFFD. Decoding gives the text back as it was; rules of
 * Transformers that tidy spaces before punctuation are not applied.
 *
 * <p>Immutable, and safe for any number of threads. Encoding n characters takes O(n log n) even
 * where there is no space among them.
 */
public final class LlamaTokenizer {
  private final Vocabulary vocabulary;
  private final AddedTokens added;
  private final AddedTokens addedAfterNormalizing;
  private final Normalizer normalizer;
  private final PreTokenizer preTokenizer;
  private final Bpe bpe;
  private final Template template;
  private final TokenTexts texts;
  private final OptionalInt bos;
  private final OptionalInt eos;
  private final boolean eosTakesSpaces;
  private final String fingerprint;

  private LlamaTokenizer(TokenizerParts parts, TokenizerConfig config, String fingerprint)
      throws MalformedFileException {
    vocabulary = parts.vocabulary();
    normalizer = parts.normalizer();
    preTokenizer = parts.preTokenizer();
    bpe = parts.bpe();
    bos = config.token("bos_token", vocabulary, parts.bos());
    eos = config.token("eos_token", vocabulary, parts.eos());
    template = template(parts.template(), config);

    var all = new ArrayList<>(parts.added());
    all.addAll(parts.addedAfterNormalizing());
    var special = new BitSet();
    all.stream().filter(AddedToken::special).forEach(token -> special.set(token.id()));
    var found = new ArrayList<>(parts.added());
    for (var id : List.of(bos, eos)) {
      if (id.isPresent() && !special.get(id.getAsInt())) {
        special.set(id.getAsInt());
        found.add(AddedToken.special(id.getAsInt(), piece(vocabulary, id.getAsInt())));
      }
    }
    added = new AddedTokens(found);
    addedAfterNormalizing = new AddedTokens(parts.addedAfterNormalizing());
    eosTakesSpaces =
        eos.isPresent() && all.stream().anyMatch(t -> t.id() == eos.getAsInt() && t.lstrip());
    texts = new TokenTexts(parts.file(), vocabulary, parts.decodeRules(), special);
    this.fingerprint = fingerprint;
  }

  /**
   * Reads a tokenizer.
   *
   * @param path a folder with {@code tokenizer.json}, which is preferred, or {@code
   *     tokenizer.model}; or one of these files. A {@code tokenizer_config.json} beside it is
   *     heeded
   * @throws MalformedFileException when there is none, or when it is broken or of a kind that Bayu
   *     does not implement
   * @throws IOException when a file cannot be read
   */
  public static LlamaTokenizer load(Path path) throws IOException {
    var file = file(path);
    var digest = sha256();
    var configFile = TokenizerConfig.beside(file);
    JsonObject configJson = null;
    if (Files.exists(configFile)) {
      var bytes = read(configFile);
      digest.update(bytes);
      configJson = JsonObject.parse(configFile, bytes);
    }
    var config = new TokenizerConfig(configJson);
    var bytes = read(file);
    digest.update(bytes);
    var parts =
        file.toString().endsWith(".json")
            ? TokenizerJson.parse(file, bytes, config)
            : SentencePieceModel.parse(file, bytes, config);
    return new LlamaTokenizer(parts, config, HexFormat.of().formatHex(digest.digest()));
  }

  /** The ids of a text alone; none for the empty text. */
  public IntList encode(String text) {
    return encode(text, Set.of());
  }

  /**
   * The ids of a text, and what the options ask for around it.
   *
   * @throws IllegalStateException for {@code BOS} or {@code EOS} where the tokenizer has none
   */
  public IntList encode(String text, EncodeOption first, EncodeOption... more) {
    return encode(text, EnumSet.of(first, more));
  }

  private IntList encode(String text, Set<EncodeOption> options) {
    var ids = new IntArrayList(text.length() / 3 + 4);
    if (options.contains(EncodeOption.TEMPLATE)) {
      ids.addAll(template.prefix());
    }
    if (options.contains(EncodeOption.BOS) && (ids.isEmpty() || ids.getInt(0) != required(bos))) {
      ids.add(0, required(bos));
    }
    boolean endsWithEos = options.contains(EncodeOption.EOS);
    int end =
        endsWithEos && eosTakesSpaces
            ? Characters.whiteSpaceStart(text, text.length())
            : text.length();
    var body = end == text.length() ? text : text.substring(0, end);
    appendBody(body, options.contains(EncodeOption.PARSE_SPECIAL), ids);
    if (endsWithEos) {
      ids.add(required(eos));
    }
    if (options.contains(EncodeOption.TEMPLATE)) {
      ids.addAll(template.suffix());
    }
    return ids;
  }

  private void appendBody(String text, boolean parseSpecial, IntArrayList ids) {
    var merger = new Merger();
    for (var stretch : added.cut(text, parseSpecial)) {
      if (stretch.id() != Vocabulary.NONE) {
        ids.add(stretch.id());
        continue;
      }
      var normalized = normalizer.normalize(text.substring(stretch.start(), stretch.end()));
      for (var inner : addedAfterNormalizing.cut(normalized, parseSpecial)) {
        if (inner.id() != Vocabulary.NONE) {
          ids.add(inner.id());
          continue;
        }
        boolean beginsInput = stretch.start() == 0 && inner.start() == 0;
        var piece = normalized.substring(inner.start(), inner.end());
        var pieces = preTokenizer.cut(Pieces.whole(piece, beginsInput));
        for (int i = 0; i < pieces.count(); i++) {
          bpe.encode(pieces.text(), pieces.start(i), pieces.end(i), ids, merger);
        }
      }
    }
  }

  /**
   * The text of ids, special tokens skipped; see {@link Decoder} for broken UTF-8.
   *
   * @throws IllegalArgumentException for an id that the vocabulary does not have
   */
  public String decode(IntList ids) {
    var decoder = newDecoder();
    var text = new StringBuilder(4 * ids.size());
    for (int i = 0; i < ids.size(); i++) {
      decoder.push(ids.getInt(i), text);
    }
    decoder.finish(text);
    return text.toString();
  }

  /** A decoder for ids that come one by one, at the beginning of a text. */
  public Decoder newDecoder() {
    return new Decoder(texts);
  }

  /** One more than the greatest id, added tokens included. */
  public int vocabSize() {
    return vocabulary.size();
  }

  /** The token that begins a text, if there is one. */
  public OptionalInt bosId() {
    return bos;
  }

  /** The token that ends a text, if there is one. */
  public OptionalInt eosId() {
    return eos;
  }

  /** How the EOS is spelled: {@code </s>} for Llama 2. */
  public Optional<String> eosText() {
    return eos.isPresent() ? Optional.of(piece(eos.getAsInt())) : Optional.empty();
  }

  /** Whether {@link EncodeOption#TEMPLATE} begins a text with the BOS. */
  public boolean addsBos() {
    return bos.isPresent() && template.prefix().contains(bos.getAsInt());
  }

  /**
   * The piece as the vocabulary spells it, such as {@code ▁the} or {@code <0x0A>}.
   *
   * @throws IllegalArgumentException for an id that the vocabulary does not have
   */
  public String piece(int id) {
    return texts.piece(id);
  }

  /** The id of a piece as the vocabulary spells it. */
  public OptionalInt id(String piece) {
    int id = vocabulary.id(piece);
    return id == Vocabulary.NONE ? OptionalInt.empty() : OptionalInt.of(id);
  }

  /**
   * Whether a token is a control token, which decoding skips.
   *
   * @throws IllegalArgumentException for an id that the vocabulary does not have
   */
  public boolean isSpecial(int id) {
    texts.piece(id);
    return texts.isSpecial(id);
  }

  /** SHA-256, in hexadecimal, of the files this was read from: the same for the same tokenizer. */
  public String fingerprint() {
    return fingerprint;
  }

  /** The files' template, with {@code add_bos_token} and {@code add_eos_token} having their say. */
  private Template template(Template stated, TokenizerConfig config) throws MalformedFileException {
    return new Template(
        with(stated.prefix(), bos, config.flag("add_bos_token")),
        with(stated.suffix(), eos, config.flag("add_eos_token")));
  }

  private static IntList with(IntList ids, OptionalInt token, @Nullable Boolean wanted) {
    if (wanted == null || token.isEmpty() || wanted == ids.contains(token.getAsInt())) {
      return ids;
    }
    var changed = new IntArrayList(ids);
    if (wanted) {
      changed.add(0, token.getAsInt());
    } else {
      changed.rem(token.getAsInt());
    }
    return IntList.of(changed.toIntArray());
  }

  private int required(OptionalInt token) {
    return token.orElseThrow(
        () -> new IllegalStateException("The tokenizer has no such token: BOS or EOS"));
  }

  private static String piece(Vocabulary vocabulary, int id) {
    return Objects.requireNonNull(vocabulary.piece(id));
  }

  private static Path file(Path path) throws MalformedFileException {
    if (!Files.isDirectory(path)) {
      return path;
    }
    for (var name : List.of(TokenizerJson.FILE_NAME, SentencePieceModel.FILE_NAME)) {
      if (Files.exists(path.resolve(name))) {
        return path.resolve(name);
      }
    }
    throw new MalformedFileException(
        path, "holds no tokenizer: neither tokenizer.json nor tokenizer.model");
  }

  /** Reads a file whole; tokenizers have a few megabytes. */
  private static byte[] read(Path file) throws IOException {
    if (Files.size(file) > 1 << 30) {
      throw new MalformedFileException(file, "is larger than 1 GiB, which no tokenizer is");
    }
    return Files.readAllBytes(file);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every Java platform has SHA-256", e);
    }
  }
}
