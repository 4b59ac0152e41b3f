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
  private final boolean hasSpecial;

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
    hasSpecial = tokens.stream().anyMatch(AddedToken::special);
  }

  /** Whether one of the tokens is special. */
  boolean hasSpecial() {
    return hasSpecial;
  }

  /**
   * Cuts the text. A special token outside the literal parts is text like any other, but a plain
   * token inside one is not looked for.
   */
  List<Stretch> cut(TemplateText templateText) {
    var text = templateText.text();
    if (text.isEmpty()) {
      return List.of();
    }
    if (root.children.isEmpty() || (!hasPlain && !templateText.hasLiterals())) {
      return List.of(new Stretch(0, text.length(), Vocabulary.NONE));
    }
    var stretches = new ArrayList<Stretch>();
    int done = 0;
    int textUntil = 0;
    for (int i = 0; i < text.length(); ) {
      var match = match(templateText, i, textUntil);
      textUntil = Math.max(textUntil, match.textUntil);
      var token = match.token;
      if (token == null) {
        i++;
        continue;
      }
      int start = i;
      int end = i + token.content().length();
      i = end;
      if (token.singleWord() && touchesWord(text, start, end)) {
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

  /**
   * What begins at a place of the text.
   *
   * @param token the longest token that counts there
   * @param textUntil up to where no plain token is looked for, because a special one is text
   */
  private record Match(@Nullable AddedToken token, int textUntil) {}

  private static final Match NO_MATCH = new Match(null, 0);

  private Match match(TemplateText text, int start, int textUntil) {
    AddedToken special = null;
    AddedToken longest = null;
    var node = root;
    for (int i = start; i < text.text().length(); i++) {
      node = node.children.get(text.text().charAt(i));
      if (node == null) {
        break;
      }
      var token = node.token;
      if (token == null) {
        continue;
      }
      if (token.special() && text.isLiteral(start, i + 1)) {
        special = token;
      }
      if (start >= textUntil) {
        longest = token;
      }
    }
    if (longest == null) {
      return special == null ? NO_MATCH : new Match(special, 0);
    }
    if (!longest.special() || longest.equals(special)) {
      return new Match(longest, 0);
    }
    return new Match(special, start + longest.content().length());
  }

  private static boolean touchesWord(String text, int start, int end) {
    return (start > 0 && Characters.isWord(text.codePointBefore(start)))
        || (end < text.length() && Characters.isWord(text.codePointAt(end)));
  }
}
