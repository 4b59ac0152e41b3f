package org.bayu.llama.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.BitSet;

/** The bytes that each token adds to a text, in one array. Immutable. */
final class TokenTexts {
  private final Vocabulary vocabulary;
  private final DecodeRules rules;
  private final BitSet special;
  private final byte[] bytes;
  private final int[] ends;

  TokenTexts(Vocabulary vocabulary, DecodeRules rules, BitSet special) {
    this.vocabulary = vocabulary;
    this.rules = rules;
    this.special = special;
    var all = new ByteArrayOutputStream();
    ends = new int[vocabulary.size()];
    for (int id = 0; id < ends.length; id++) {
      var piece = vocabulary.piece(id);
      if (piece != null) {
        all.writeBytes(bytes(rules.rewrite().apply(piece), rules.bytes()));
      }
      ends[id] = all.size();
    }
    bytes = all.toByteArray();
  }

  DecodeRules rules() {
    return rules;
  }

  /** The bytes of a token that is not the first of a text; none for an id without a piece. */
  ByteBuffer bytes(int id) {
    if (!has(id)) {
      return ByteBuffer.allocate(0);
    }
    int start = id == 0 ? 0 : ends[id - 1];
    return ByteBuffer.wrap(bytes, start, ends[id] - start);
  }

  /** The bytes of a token that begins a text. */
  ByteBuffer firstBytes(int id) {
    return ByteBuffer.wrap(bytes(rules.rewriteFirst().apply(piece(id)), rules.bytes()));
  }

  /** Whether the vocabulary has the id. A model's may have more, up to a round number. */
  boolean has(int id) {
    return !piece(id).isEmpty();
  }

  boolean isSpecial(int id) {
    return has(id) && special.get(id);
  }

  /** The piece of an id, empty where there is none. */
  String piece(int id) {
    if (id < 0) {
      throw new IllegalArgumentException("There is no token with the id " + id);
    }
    var piece = id < vocabulary.size() ? vocabulary.piece(id) : null;
    return piece == null ? "" : piece;
  }

  private static byte[] bytes(String piece, Bpe.Bytes kind) {
    switch (kind) {
      case LEVEL -> {
        var bytes = ByteLevel.bytes(piece);
        if (bytes != null) {
          return bytes;
        }
      }
      case FALLBACK -> {
        if (piece.length() == 6 && piece.startsWith("<0x") && piece.endsWith(">")) {
          int high = Character.digit(piece.charAt(3), 16);
          int low = Character.digit(piece.charAt(4), 16);
          if (high >= 0 && low >= 0) {
            return new byte[] {(byte) ((high << 4) | low)};
          }
        }
      }
      case NONE -> {}
    }
    return piece.getBytes(StandardCharsets.UTF_8);
  }
}
