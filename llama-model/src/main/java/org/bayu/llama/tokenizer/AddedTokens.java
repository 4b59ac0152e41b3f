package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.Int2ObjectOpenHashMap;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Finds added tokens in a text: from left to right, the longest first. What is found is a token,
 * what lies between goes on to the normalizer and the merges.
 */
final class AddedTokens {
  /** A stretch of the text: a token, or with {@link Vocabulary#NONE} as id text between tokens. */
  record Stretch(int start, int end, int id) {}

  private final Node root = new Node();
  private final boolean hasPlain;

  private static final class Node {
    final Int2ObjectOpenHashMap<Node> children = new Int2ObjectOpenHashMap<>(2);
    @Nullable AddedToken token;
  }

  /** Looks for the contents of {@code tokens} as they stand there. */
  AddedTokens(List<AddedToken> tokens) {
    for (var token : tokens) {
      var node = root;
      for (int i = 0; i < token.content().length(); i++) {
        node = node.children.computeIfAbsent(token.content().charAt(i), c -> new Node());
      }
      node.token = token;
    }
    hasPlain = tokens.stream().anyMatch(token -> !token.special());
  }

  /**
   * Cuts the text. With {@code parseSpecial} false special tokens are text like any other, but a
   * plain token inside one is not looked for.
   */
  List<Stretch> cut(String text, boolean parseSpecial) {
    if (text.isEmpty()) {
      return List.of();
    }
    if (root.children.isEmpty() || (!hasPlain && !parseSpecial)) {
      return List.of(new Stretch(0, text.length(), Vocabulary.NONE));
    }
    var stretches = new ArrayList<Stretch>();
    int done = 0;
    for (int i = 0; i < text.length(); ) {
      var token = longest(text, i);
      if (token == null) {
        i++;
        continue;
      }
      int start = i;
      int end = i + token.content().length();
      i = end;
      boolean isText = token.special() && !parseSpecial;
      if (isText || (token.singleWord() && touchesWord(text, start, end))) {
        continue;
      }
      if (token.lstrip()) {
        start = Math.max(Characters.whiteSpaceStart(text, start), done);
      }
      if (token.rstrip()) {
        end = Characters.whiteSpaceEnd(text, end);
      }
      if (done < start) {
        stretches.add(new Stretch(done, start, Vocabulary.NONE));
      }
      stretches.add(new Stretch(start, end, token.id()));
      done = end;
    }
    if (done < text.length()) {
      stretches.add(new Stretch(done, text.length(), Vocabulary.NONE));
    }
    return stretches;
  }

  private @Nullable AddedToken longest(String text, int start) {
    AddedToken found = null;
    var node = root;
    for (int i = start; i < text.length(); i++) {
      node = node.children.get(text.charAt(i));
      if (node == null) {
        break;
      }
      if (node.token != null) {
        found = node.token;
      }
    }
    return found;
  }

  private static boolean touchesWord(String text, int start, int end) {
    return (start > 0 && Characters.isWord(text.codePointBefore(start)))
        || (end < text.length() && Characters.isWord(text.codePointAt(end)));
  }
}
