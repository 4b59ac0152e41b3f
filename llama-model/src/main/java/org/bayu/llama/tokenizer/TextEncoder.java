package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/**
 * Text to ids, without anything around it: added tokens are cut out, the rest is normalized, cut
 * into pieces and merged. Immutable but for the merges' cache.
 */
final class TextEncoder {
  private final AddedTokens added;
  private final AddedTokens addedAfterNormalizing;
  private final Normalizer normalizer;
  private final Normalizer normalizerOfStart;
  private final TokenizerParts.Ends ends;
  private final PreTokenizer preTokenizer;
  private final Bpe bpe;

  /**
   * @param added found in the text as it is
   */
  TextEncoder(AddedTokens added, TokenizerParts parts) {
    this.added = added;
    addedAfterNormalizing = new AddedTokens(parts.addedAfterNormalizing());
    normalizer = parts.normalizer();
    ends = parts.ends();
    normalizerOfStart = text -> ends.prefix() + normalizer.normalize(text);
    preTokenizer = parts.preTokenizer();
    bpe = parts.bpe();
  }

  /** Appends the ids of the text. */
  void append(TemplateText text, IntArrayList ids) {
    var merger = new Merger();
    cut(
        text,
        ids::add,
        rest -> {
          var pieces = preTokenizer.cut(rest);
          for (int i = 0; i < pieces.count(); i++) {
            bpe.encode(pieces.text(), pieces.start(i), pieces.end(i), ids, merger);
          }
        });
  }

  /** A text without the added tokens that it spells and that are left out. */
  String without(String text, IntPredicate isLeftOut) {
    var rest = new StringBuilder(text.length());
    for (var stretch : added.cut(TemplateText.EMPTY.literal(text))) {
      if (stretch.id() == Vocabulary.NONE || !isLeftOut.test(stretch.id())) {
        rest.append(text, stretch.start(), stretch.end());
      }
    }
    return rest.toString();
  }

  /** Goes through the added tokens of a text and, normalized, what lies between them. */
  void cut(TemplateText whole, IntConsumer tokens, Consumer<Pieces> between) {
    var text = ends.trims() ? trimmed(whole) : whole;
    for (var stretch : added.cut(text)) {
      if (stretch.id() != Vocabulary.NONE) {
        tokens.accept(stretch.id());
        continue;
      }
      var normalized =
          normalized(
              text.sub(stretch.start(), stretch.end()),
              stretch.start() == 0 ? normalizerOfStart : normalizer);
      for (var inner : addedAfterNormalizing.cut(normalized)) {
        if (inner.id() != Vocabulary.NONE) {
          tokens.accept(inner.id());
          continue;
        }
        boolean beginsInput = stretch.start() == 0 && inner.start() == 0;
        var piece = normalized.text().substring(inner.start(), inner.end());
        between.accept(Pieces.whole(piece, beginsInput));
      }
    }
  }

  private TemplateText normalized(TemplateText text, Normalizer with) {
    return addedAfterNormalizing.hasSpecial()
        ? text.normalized(with)
        : TemplateText.EMPTY.field(with.normalize(text.text()));
  }

  /** Without the spaces at both ends; a trailing U+2581 is a space to SentencePiece. */
  private static TemplateText trimmed(TemplateText whole) {
    var text = whole.text();
    int start = 0;
    int end = text.length();
    while (start < end && text.charAt(start) == ' ') {
      start++;
    }
    while (end > start
        && (text.charAt(end - 1) == ' ' || text.charAt(end - 1) == Normalizer.SPACE)) {
      end--;
    }
    return whole.sub(start, end);
  }
}
