package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntLinkedOpenHashSet;
import it.unimi.dsi.fastutil.ints.IntList;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.bayu.tensor.io.MalformedFileException;
import org.jspecify.annotations.Nullable;

/**
 * Turns text into token ids and back. The ids are those of the tokenizer's own library:
 * SentencePiece for {@code tokenizer.model}, tokenizers for {@code tokenizer.json}.
 *
 * <p>If a text spells a special token, it stays text, except with {@link
 * EncodeOption#PARSE_SPECIAL} or in a literal part of a {@link TemplateText}. A lone surrogate is
 * read as U+FFFD. Decoding does not apply Transformers' rules that remove spaces before
 * punctuation.
 *
 * <p>Immutable, and safe for any number of threads. Encoding n characters takes O(n log n), even
 * without spaces.
 */
public final class LlamaTokenizer {
  private final Vocabulary vocabulary;
  private final TextEncoder encoder;
  private final Template template;
  private final TokenTexts texts;
  private final OptionalInt bos;
  private final OptionalInt eos;
  private final boolean eosTakesSpaces;
  private final List<String> notes;
  private final String fingerprint;

  private LlamaTokenizer(TokenizerFiles.Loaded files, List<String> moreNotes)
      throws MalformedFileException {
    var parts = files.parts();
    var config = files.config();
    vocabulary = parts.vocabulary();
    bos = files.bos();
    eos = files.eos();
    template = config.template(parts.template(), parts.file(), bos, eos);

    var tokens = new ArrayList<>(parts.added());
    tokens.addAll(parts.addedAfterNormalizing());
    var special = new BitSet();
    tokens.stream().filter(AddedToken::special).forEach(token -> special.set(token.id()));
    var found = new ArrayList<>(parts.added());
    for (var id : List.of(bos, eos)) {
      if (id.isPresent() && !special.get(id.getAsInt())) {
        special.set(id.getAsInt());
        found.add(AddedToken.special(id.getAsInt(), spelling(id.getAsInt())));
      }
    }
    encoder = new TextEncoder(new AddedTokens(found), parts);
    eosTakesSpaces =
        eos.isPresent() && tokens.stream().anyMatch(t -> t.id() == eos.getAsInt() && t.lstrip());
    texts = new TokenTexts(vocabulary, parts.decodeRules(), special);
    var lines = config.notes(parts.template(), parts.file(), bos, eos, this::spelling);
    lines.addAll(files.notes());
    lines.addAll(moreNotes);
    notes = List.copyOf(lines);
    fingerprint = files.fingerprint();
  }

  /**
   * Reads a tokenizer.
   *
   * @param path a folder with {@code tokenizer.json}, which is preferred, or {@code
   *     tokenizer.model}; or one of these files. A {@code tokenizer_config.json} beside it is read
   *     too
   * @throws MalformedFileException when there is none, or when it is broken or of a kind that Bayu
   *     does not implement
   * @throws IOException when a file cannot be read
   */
  public static LlamaTokenizer load(Path path) throws IOException {
    return new LlamaTokenizer(TokenizerFiles.load(path), List.of());
  }

  /**
   * Reads the tokenizer of a model with an adapter: the adapter's own if its folder has one, else
   * the model's. A note says how the two differ.
   *
   * @param model the model's folder
   * @param adapter the adapter's folder; null without one
   * @throws MalformedFileException as {@link #load(Path)}, and when the adapter's tokenizer gives a
   *     token of the model's another id
   * @throws IOException when a file cannot be read
   */
  public static LlamaTokenizer load(Path model, @Nullable Path adapter) throws IOException {
    var folder = folder(model, adapter);
    if (folder.equals(model) || !TokenizerFiles.areIn(model)) {
      return load(folder);
    }
    var files = TokenizerFiles.load(folder);
    var both = new AdapterTokenizer(new LlamaTokenizer(files, List.of()), load(model));
    both.check(folder);
    return new LlamaTokenizer(files, both.notes());
  }

  /** The folder whose tokenizer {@link #load(Path, Path)} reads. */
  public static Path folder(Path model, @Nullable Path adapter) {
    return adapter != null && TokenizerFiles.areIn(adapter) ? adapter : model;
  }

  /** The ids of a text, with nothing around it; none for the empty text. */
  public IntList encode(String text) {
    return encode(text, Set.of());
  }

  /**
   * The ids of a text, with what the options add around it.
   *
   * @throws IllegalStateException for {@code BOS} or {@code EOS} where the tokenizer has none
   */
  public IntList encode(String text, EncodeOption first, EncodeOption... more) {
    return encode(text, EnumSet.of(first, more));
  }

  /**
   * The ids of a text that says where special tokens are recognized. With {@code PARSE_SPECIAL}
   * they are recognized everywhere.
   *
   * @throws IllegalStateException for {@code BOS} or {@code EOS} where the tokenizer has none
   */
  public IntList encode(TemplateText text, EncodeOption... options) {
    var chosen = Set.of(options);
    return chosen.contains(EncodeOption.PARSE_SPECIAL)
        ? encodeParts(TemplateText.EMPTY.literal(text.text()), chosen)
        : encodeParts(text, chosen);
  }

  /**
   * The ids of a prompt: what the tokenizer puts in front of every text, such as the BOS, and then
   * the text. Training, evaluation and generation all use it.
   */
  public IntList prompt(TemplateText text) {
    return encode(text, EncodeOption.PREFIX);
  }

  /** The same for a text in which special tokens stay text. */
  public IntList prompt(String text) {
    return prompt(TemplateText.EMPTY.field(text));
  }

  private IntList encode(String text, Set<EncodeOption> options) {
    var whole =
        options.contains(EncodeOption.PARSE_SPECIAL)
            ? TemplateText.EMPTY.literal(text)
            : TemplateText.EMPTY.field(text);
    return encodeParts(whole, options);
  }

  private IntList encodeParts(TemplateText text, Set<EncodeOption> options) {
    int length = text.text().length();
    var ids = new IntArrayList(length / 3 + 4);
    if (options.contains(EncodeOption.TEMPLATE) || options.contains(EncodeOption.PREFIX)) {
      ids.addAll(template.prefix());
    }
    if (options.contains(EncodeOption.BOS) && (ids.isEmpty() || ids.getInt(0) != required(bos))) {
      ids.add(0, required(bos));
    }
    boolean endsWithEos = options.contains(EncodeOption.EOS);
    int end =
        endsWithEos && eosTakesSpaces ? Characters.whiteSpaceStart(text.text(), length) : length;
    encoder.append(text.sub(0, end), ids);
    if (endsWithEos) {
      ids.add(required(eos));
    }
    if (options.contains(EncodeOption.TEMPLATE)) {
      ids.addAll(template.suffix());
    }
    return ids;
  }

  /**
   * The special tokens that a text spells, each once, in their order in the text. {@code
   * PARSE_SPECIAL} would make them tokens.
   */
  public List<String> specialTokensIn(String text) {
    var ids = new IntLinkedOpenHashSet();
    encoder.cut(TemplateText.EMPTY.literal(text), ids::add, rest -> {});
    return ids.intStream().filter(texts::isSpecial).mapToObj(this::spelling).toList();
  }

  /**
   * A text without the special tokens that it spells, as the text of its ids is if {@code
   * PARSE_SPECIAL} made them tokens.
   */
  public String withoutSpecialTokens(String text) {
    return encoder.without(text, texts::isSpecial);
  }

  /**
   * The text of ids, without special tokens; see {@link Decoder} for broken UTF-8. Ids outside the
   * vocabulary, which a model with a padded vocabulary can give, add nothing.
   *
   * @throws IllegalArgumentException for a negative id
   */
  public String decode(IntList ids) {
    return decode(IntList.of(), ids);
  }

  /**
   * The text of ids that continue others. Unlike at the beginning of a text, a space that their
   * first piece begins with stays.
   *
   * @param before the ids of the text that is continued
   * @throws IllegalArgumentException for a negative id
   */
  public String decode(IntList before, IntList ids) {
    var decoder = newDecoder();
    before.forEach(decoder::push);
    var text = new StringBuilder(4 * ids.size());
    for (int i = 0; i < ids.size(); i++) {
      decoder.push(ids.getInt(i), text);
    }
    decoder.finish(text);
    return text.toString();
  }

  /** A decoder for the ids of a new text that come one by one. */
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
    return eos.isPresent() ? Optional.of(spelling(eos.getAsInt())) : Optional.empty();
  }

  /** Whether {@link EncodeOption#TEMPLATE} begins a text with the BOS. */
  public boolean addsBos() {
    return bos.isPresent() && template.prefix().contains(bos.getAsInt());
  }

  /**
   * The piece as the vocabulary spells it, such as {@code ▁the} or {@code <0x0A>}; empty for an id
   * that the vocabulary does not have.
   *
   * @throws IllegalArgumentException for a negative id
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
   * The bytes that a token adds to a text which does not begin with it; none for a special token
   * and for an id that the vocabulary does not have.
   *
   * @throws IllegalArgumentException for a negative id
   */
  public ByteBuffer bytes(int id) {
    return texts.isSpecial(id) ? ByteBuffer.allocate(0) : texts.bytes(id).asReadOnlyBuffer();
  }

  /**
   * Whether a token is a control token, which decoding skips; false for an id that the vocabulary
   * does not have.
   *
   * @throws IllegalArgumentException for a negative id
   */
  public boolean isSpecial(int id) {
    return texts.isSpecial(id);
  }

  /**
   * Lines that a user of these files should read: where they contradict each other, and what is not
   * applied. Empty if there is nothing of the kind.
   */
  public List<String> notes() {
    return notes;
  }

  /** SHA-256, in hexadecimal, of the files that this was read from. */
  public String fingerprint() {
    return fingerprint;
  }

  private int required(OptionalInt token) {
    return token.orElseThrow(
        () -> new IllegalStateException("The tokenizer has no such token: BOS or EOS"));
  }

  private String spelling(int id) {
    return Objects.requireNonNull(vocabulary.piece(id));
  }
}
