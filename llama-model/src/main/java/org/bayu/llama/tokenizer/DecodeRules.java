package org.bayu.llama.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bayu.tensor.io.MalformedFileException;

/**
 * How pieces become text: each piece is rewritten, spelled as bytes, put behind the others, and the
 * text loses leading characters.
 *
 * @param rewrite what becomes of a piece
 * @param rewriteFirst what becomes of the first piece
 * @param firstAgain a first piece that comes to nothing leaves the next one the first
 * @param bytes which pieces stand for bytes: those like {@code <0x0A>}, or all
 * @param leading what is taken from the beginning of the text
 * @param leadingCount how often it is taken at most
 */
record DecodeRules(
    UnaryOperator<String> rewrite,
    UnaryOperator<String> rewriteFirst,
    boolean firstAgain,
    Bpe.Bytes bytes,
    char leading,
    int leadingCount) {

  /**
   * SentencePiece's: U+2581 as space, byte pieces.
   *
   * @param dropsSpace without the space that the first piece begins with
   * @param dropsAll without that of the pieces behind it either, as long as nothing else came
   */
  static DecodeRules sentencePiece(boolean byteFallback, boolean dropsSpace, boolean dropsAll) {
    UnaryOperator<String> rewrite = piece -> piece.replace(Normalizer.SPACE, ' ');
    UnaryOperator<String> drop =
        piece -> piece.charAt(0) == Normalizer.SPACE ? piece.substring(1) : piece;
    return new DecodeRules(
        rewrite,
        dropsSpace ? piece -> rewrite.apply(drop.apply(piece)) : rewrite,
        dropsAll,
        byteFallback ? Bpe.Bytes.FALLBACK : Bpe.Bytes.NONE,
        /* leading= */ ' ',
        /* leadingCount= */ 0);
  }

  /** Reads a {@code decoder} of tokenizer.json. */
  static DecodeRules read(JsonObject json) throws MalformedFileException {
    var stages = new ArrayList<JsonObject>();
    flatten(json, stages);
    var rewrites = new ArrayList<UnaryOperator<String>>();
    var rewritesFirst = new ArrayList<UnaryOperator<String>>();
    var bytes = Bpe.Bytes.NONE;
    char leading = ' ';
    int leadingCount = 0;
    boolean fused = false;
    for (var stage : stages) {
      var type = stage.string("type");
      boolean onPieces = bytes == Bpe.Bytes.NONE && !fused;
      switch (type) {
        case "Fuse" -> fused = true;
        case "ByteFallback" -> {
          requireOrder(stage, onPieces);
          bytes = Bpe.Bytes.FALLBACK;
        }
        case "ByteLevel" -> {
          requireOrder(stage, onPieces);
          bytes = Bpe.Bytes.LEVEL;
          fused = true;
        }
        case "Replace" -> {
          requireOrder(stage, onPieces);
          var replace = TextPattern.readReplacement(stage);
          rewritesFirst.add(replace);
          rewrites.add(replace);
        }
        case "Metaspace" -> {
          requireOrder(stage, onPieces);
          var space = stage.character("replacement");
          boolean adds = !stage.string("prepend_scheme", "always").equals("never");
          rewritesFirst.add(piece -> piece.replace(space, adds ? "" : " "));
          rewrites.add(piece -> piece.replace(space, " "));
        }
        case "Strip" -> {
          var content = stage.string("content");
          int start = stage.integer("start");
          int stop = stage.integer("stop");
          if (content.length() != 1 || start < 0 || stop < 0) {
            throw stage.malformed("content", "and start and stop are not a character and counts");
          }
          if (onPieces) {
            UnaryOperator<String> strip = piece -> strip(piece, content.charAt(0), start, stop);
            rewritesFirst.add(strip);
            rewrites.add(strip);
          } else {
            requireOrder(stage, fused && leadingCount == 0 && stop == 0);
            leading = content.charAt(0);
            leadingCount = start;
          }
        }
        default -> throw stage.unknown("decoder", type);
      }
    }
    return new DecodeRules(
        Growth.sequence(json, rewrites),
        Growth.sequence(json, rewritesFirst),
        /* firstAgain= */ false,
        bytes,
        leading,
        leadingCount);
  }

  private static void flatten(JsonObject json, List<JsonObject> stages)
      throws MalformedFileException {
    if (!json.string("type").equals("Sequence")) {
      stages.add(json);
      return;
    }
    for (var stage : json.objects("decoders")) {
      flatten(stage, stages);
    }
  }

  private static void requireOrder(JsonObject stage, boolean inOrder)
      throws MalformedFileException {
    if (!inOrder) {
      throw stage.malformed("type", "stands in a place where Bayu does not implement it");
    }
  }

  private static String strip(String piece, char content, int start, int stop) {
    int from = 0;
    while (from < start && from < piece.length() && piece.charAt(from) == content) {
      from++;
    }
    int to = piece.length();
    while (piece.length() - to < stop && to > from && piece.charAt(to - 1) == content) {
      to--;
    }
    return piece.substring(from, to);
  }
}
