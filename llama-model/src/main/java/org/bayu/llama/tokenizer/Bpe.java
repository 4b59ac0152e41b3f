package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.Int2IntOpenHashMap;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntImmutableList;

/**
 * Byte-pair encoding: a piece of text becomes one symbol a character (or a byte), then neighbours
 * are merged, the best ranked first. SentencePiece's merging by score is the same with ranks from
 * scores.
 *
 * <p>Immutable but for its cache, and safe for any number of threads, each with a {@link Merger}.
 * Sources: SentencePiece {@code bpe_model.cc}, tokenizers {@code models/bpe}.
 */
final class Bpe {
  private final Rules rules;
  private final Merges merges;
  private final Int2IntOpenHashMap characters;
  private final int[] extraCharacters;
  private final int[] byteTokens;
  private final boolean cutsFreely;
  private final WordCache cache = new WordCache();

  /** What the bytes of a text are to the vocabulary. */
  enum Bytes {
    /** Nothing: a character that is not in the vocabulary is unknown. */
    NONE,
    /** A character that is not in the vocabulary becomes the tokens of its UTF-8 bytes. */
    FALLBACK,
    /** Every character is first spelled as its UTF-8 bytes. */
    LEVEL
  }

  /**
   * How text becomes first symbols.
   *
   * @param unknown the token of what is not in the vocabulary; {@link Vocabulary#NONE} drops it
   * @param fuseUnknown a run of unknown characters is one token
   * @param ignoreMerges a piece that is in the vocabulary as a whole is that token
   */
  record Rules(
      Vocabulary vocabulary, Bytes bytes, int unknown, boolean fuseUnknown, boolean ignoreMerges) {}

  /**
   * @param characters symbols of code points: ids, or for code points that are no token themselves
   *     but parts of one, {@code vocabulary.size() + i}
   * @param extraCharacters the code points of those, by i
   * @param mergesBytes whether byte tokens take part in merges beside characters
   */
  Bpe(
      Rules rules,
      Merges merges,
      Int2IntOpenHashMap characters,
      int[] extraCharacters,
      boolean mergesBytes) {
    this.rules = rules;
    this.merges = merges;
    this.characters = characters;
    this.extraCharacters = extraCharacters;
    byteTokens =
        rules.bytes == Bytes.LEVEL
            ? rules.vocabulary.byteCharacters()
            : rules.vocabulary.byteTokens();
    // A merge could cross bytes of two characters, and an unknown character that is dropped.
    cutsFreely =
        rules.bytes != Bytes.LEVEL
            && !mergesBytes
            && rules.unknown != Vocabulary.NONE
            && !rules.ignoreMerges;
    characters.defaultReturnValue(Vocabulary.NONE);
  }

  /** Appends the ids of the piece of {@code text} from {@code start} to {@code end}. */
  void encode(String text, int start, int end, IntArrayList out, Merger merger) {
    int begin = out.size();
    if (!cutsFreely) {
      encodeWord(text, start, end, begin, out, merger);
      return;
    }
    int wordStart = start;
    int last = text.codePointAt(start);
    for (int i = start + Character.charCount(last); i < end; ) {
      int codePoint = text.codePointAt(i);
      if (!merges.mayJoin(last, codePoint)) {
        encodeWord(text, wordStart, i, begin, out, merger);
        wordStart = i;
      }
      last = codePoint;
      i += Character.charCount(codePoint);
    }
    encodeWord(text, wordStart, end, begin, out, merger);
  }

  /** Encodes a part of the piece whose ids begin at {@code begin} of {@code out}. */
  private void encodeWord(
      String text, int start, int end, int begin, IntArrayList out, Merger merger) {
    if (end - start > WordCache.LONGEST) {
      merge(text, start, end, begin, out, merger);
      return;
    }
    var known = cache.find(text, start, end);
    if (known == null) {
      var ids = new IntArrayList();
      merge(text, start, end, 0, ids, merger);
      known = new IntImmutableList(ids);
      cache.put(text, start, end, known);
    }
    for (int i = 0; i < known.size(); i++) {
      emit(known.getInt(i), begin, out);
    }
  }

  private void merge(String text, int start, int end, int begin, IntArrayList out, Merger merger) {
    if (rules.ignoreMerges) {
      int whole = rules.vocabulary.id(spelling(text.substring(start, end)));
      if (whole != Vocabulary.NONE) {
        emit(whole, begin, out);
        return;
      }
    }
    merger.clear();
    for (int i = start; i < end; ) {
      int codePoint = text.codePointAt(i);
      i += Character.charCount(codePoint);
      int symbol = rules.bytes == Bytes.LEVEL ? Vocabulary.NONE : characters.get(codePoint);
      if (symbol == Vocabulary.NONE) {
        addUnknown(codePoint, merger);
      } else {
        merger.add(symbol);
      }
    }
    merger.merge(merges);
    for (int place = merger.first(); place >= 0; place = merger.next(place)) {
      int symbol = merger.symbol(place);
      int extra = symbol - rules.vocabulary.size();
      if (extra < 0) {
        emit(symbol, begin, out);
      } else {
        emitUnknown(extraCharacters[extra], begin, out);
      }
    }
  }

  /** The piece as the vocabulary spells it. */
  private String spelling(String piece) {
    if (rules.bytes != Bytes.LEVEL) {
      return piece;
    }
    var spelling = new StringBuilder();
    piece
        .codePoints()
        .forEach(
            codePoint -> {
              for (int i = 0, n = Utf8.length(codePoint); i < n; i++) {
                spelling.append(ByteLevel.character(Utf8.unsignedByte(codePoint, i, n)));
              }
            });
    return spelling.toString();
  }

  private void addUnknown(int codePoint, Merger merger) {
    if (hasBytes(codePoint)) {
      for (int i = 0, n = Utf8.length(codePoint); i < n; i++) {
        int token = byteTokens[Utf8.unsignedByte(codePoint, i, n)];
        if (token != Vocabulary.NONE) {
          merger.add(token);
        } else if (rules.unknown != Vocabulary.NONE) {
          merger.add(rules.unknown);
        }
      }
    } else if (rules.unknown != Vocabulary.NONE) {
      merger.add(rules.unknown);
    }
  }

  private void emitUnknown(int codePoint, int begin, IntArrayList out) {
    if (hasBytes(codePoint)) {
      for (int i = 0, n = Utf8.length(codePoint); i < n; i++) {
        emit(byteTokens[Utf8.unsignedByte(codePoint, i, n)], begin, out);
      }
    } else if (rules.unknown != Vocabulary.NONE) {
      emit(rules.unknown, begin, out);
    }
  }

  /** Whether a character can be written as bytes; all or none of them fall back. */
  private boolean hasBytes(int codePoint) {
    return switch (rules.bytes) {
      case NONE -> false;
      case LEVEL -> true;
      case FALLBACK -> {
        boolean known = true;
        for (int i = 0, n = Utf8.length(codePoint); i < n; i++) {
          known &= byteTokens[Utf8.unsignedByte(codePoint, i, n)] != Vocabulary.NONE;
        }
        yield known;
      }
    };
  }

  private void emit(int id, int begin, IntArrayList out) {
    boolean repeatsUnknown =
        rules.fuseUnknown
            && id == rules.unknown
            && out.size() > begin
            && out.getInt(out.size() - 1) == id;
    if (!repeatsUnknown) {
      out.add(id);
    }
  }
}
