package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * Text to ids, without anything around it: added tokens are cut out, the rest is normalized, cut
 * into pieces and merged. Immutable but for the merges' cache.
 */
final class TextEncoder {
  private final AddedTokens added;
  private final AddedTokens addedAfterNormalizing;
  private final Normalizer normalizer;
  private final PreTokenizer preTokenizer;
  private final Bpe bpe;

  /**
   * @param added found in the text as it is
   */
  TextEncoder(AddedTokens added, TokenizerParts parts) {
    this.added = added;
    addedAfterNormalizing = new AddedTokens(parts.addedAfterNormalizing());
    normalizer = parts.normalizer();
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

  /** Goes through the added tokens of a text and, normalized, what lies between them. */
  void cut(TemplateText text, IntConsumer tokens, Consumer<Pieces> between) {
    for (var stretch : added.cut(text)) {
      if (stretch.id() != Vocabulary.NONE) {
        tokens.accept(stretch.id());
        continue;
      }
      var normalized = normalized(text.sub(stretch.start(), stretch.end()));
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

  private TemplateText normalized(TemplateText text) {
    return addedAfterNormalizing.hasSpecial()
        ? text.normalized(normalizer)
        : TemplateText.EMPTY.field(normalizer.normalize(text.text()));
  }
}
