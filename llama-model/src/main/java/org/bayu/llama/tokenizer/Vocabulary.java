package org.bayu.llama.tokenizer;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.tensor.io.MalformedFileException;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/** Pieces by id and ids by piece. Ids may have holes. */
final class Vocabulary {
  /** No id. */
  static final int NONE = -1;

  /** Ids stay below this: more than ten times the largest vocabulary known. */
  private static final int LIMIT = 1 << 22;

  /** Characters of a token at most: several times what known ones have. */
  static final int LONGEST = 1000;

  private final Path file;
  private final List<@Nullable String> pieces = new ArrayList<>();

  /**
   * Java's own map keeps keys of one hash code in a tree. Open addressing would compare them all
   * with all, and a file can be made so that it takes minutes.
   */
  private final Map<String, Integer> ids = new HashMap<>();

  /** An empty vocabulary, to be filled from {@code file}. */
  Vocabulary(Path file) {
    this.file = file;
  }

  /** The file. */
  Path file() {
    return file;
  }

  /** Adds a piece; the same piece under the same id again changes nothing. */
  void add(String piece, int id) throws MalformedFileException {
    if (id < 0 || id >= LIMIT) {
      throw new MalformedFileException(
          file,
          "the token "
              + Printable.quote(piece)
              + " has the id "
              + id
              + ", outside 0 to "
              + (LIMIT - 1));
    }
    if (piece.length() > LONGEST) {
      throw new MalformedFileException(
          file,
          "the token " + Printable.quote(piece) + " is longer than " + LONGEST + " characters");
    }
    int known = id(piece);
    if (known == id) {
      return;
    }
    if (known != NONE) {
      throw new MalformedFileException(
          file,
          "the token "
              + Printable.quote(piece)
              + " stands there twice, with ids "
              + known
              + " and "
              + id);
    }
    while (pieces.size() <= id) {
      pieces.add(null);
    }
    if (pieces.get(id) != null) {
      throw new MalformedFileException(
          file,
          "the id "
              + id
              + " stands there twice, for \""
              + pieces.get(id)
              + "\" and \""
              + piece
              + "\"");
    }
    pieces.set(id, piece);
    ids.put(piece, id);
  }

  /** One more than the greatest id. */
  int size() {
    return pieces.size();
  }

  /** How many pieces there are: less than {@link #size()} where ids have holes. */
  int count() {
    return ids.size();
  }

  /** The id of a piece, or {@link #NONE}. */
  int id(String piece) {
    return ids.getOrDefault(piece, NONE);
  }

  /** The piece of an id; null for a hole. */
  @Nullable String piece(int id) {
    return pieces.get(id);
  }

  /** The ids of {@code <0x00>} to {@code <0xFF>}, {@link #NONE} where one is missing. */
  int[] byteTokens() {
    var tokens = new int[256];
    for (int b = 0; b < tokens.length; b++) {
      tokens[b] = id(byteToken(b));
    }
    return tokens;
  }

  /** The ids of the single characters that stand for the bytes in {@link ByteLevel}'s alphabet. */
  int[] byteCharacters() {
    var tokens = new int[256];
    for (int b = 0; b < tokens.length; b++) {
      tokens[b] = id(String.valueOf(ByteLevel.character(b)));
    }
    return tokens;
  }

  /** SentencePiece's spelling of a byte: {@code <0x0A>}. */
  static String byteToken(int unsignedByte) {
    return String.format(Locale.ROOT, "<0x%02X>", unsignedByte);
  }
}
