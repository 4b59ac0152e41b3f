package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;

/**
 * A text cut into pieces that merging does not cross: piece i is the text from {@code bounds[2i]}
 * to {@code bounds[2i + 1]}. Pieces are in order and not empty; text between them is dropped.
 *
 * @param beginsInput whether the text is the beginning of what the user gave
 */
record Pieces(String text, IntArrayList bounds, boolean beginsInput) {

  /** The whole text as one piece, or as none when it is empty. */
  static Pieces whole(String text, boolean beginsInput) {
    var pieces = new Pieces(text, new IntArrayList(2), beginsInput);
    pieces.add(0, text.length());
    return pieces;
  }

  int count() {
    return bounds.size() / 2;
  }

  int start(int piece) {
    return bounds.getInt(2 * piece);
  }

  int end(int piece) {
    return bounds.getInt(2 * piece + 1);
  }

  /** Adds a piece, unless it is empty. */
  void add(int start, int end) {
    if (start < end) {
      bounds.add(start);
      bounds.add(end);
    }
  }
}
