package org.bayu.llama.tokenizer;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;

/**
 * A text made of literal parts and fields. If a literal part, such as a template's own words,
 * spells a special token, it is that token. In a field, which holds data, it stays text.
 *
 * <p>Parts matter only for special tokens; merges see one text. A special token is recognized if it
 * is completely inside one literal part. Its flags see the whole text, as in Transformers: {@code
 * lstrip} and {@code rstrip} also take white space of a neighbouring part, and a {@code
 * single_word} token that touches a word of a field is text.
 *
 * <p>Immutable.
 */
public final class TemplateText {
  /** The empty text, to which parts can be added. */
  public static final TemplateText EMPTY = new TemplateText("", IntList.of());

  private final String text;
  private final IntList edges;

  /**
   * @param edges of the literal parts: start, end, start, end, …, in order
   */
  private TemplateText(String text, IntList edges) {
    this.text = text;
    this.edges = edges;
  }

  /** This text followed by a literal part. */
  public TemplateText literal(String part) {
    if (part.isEmpty()) {
      return this;
    }
    var more = new IntArrayList(edges);
    more.add(text.length());
    more.add(text.length() + part.length());
    return new TemplateText(text + part, more);
  }

  /** This text followed by a field. */
  public TemplateText field(String part) {
    return part.isEmpty() ? this : new TemplateText(text + part, edges);
  }

  /** This text followed by the parts of another. */
  public TemplateText append(TemplateText other) {
    var more = new IntArrayList(edges);
    other.edges.forEach(edge -> more.add(text.length() + edge));
    return new TemplateText(text + other.text, more);
  }

  /** The whole text. */
  public String text() {
    return text;
  }

  /** Whether any part of it is literal. */
  boolean hasLiterals() {
    return !edges.isEmpty();
  }

  /** Whether the stretch lies wholly inside one literal part. */
  boolean isLiteral(int start, int end) {
    for (int i = 0; i < edges.size() && edges.getInt(i) <= start; i += 2) {
      if (end <= edges.getInt(i + 1)) {
        return true;
      }
    }
    return false;
  }

  /** The stretch alone, with the literal parts that are left of it. */
  TemplateText sub(int start, int end) {
    if (start == 0 && end == text.length()) {
      return this;
    }
    var left = new IntArrayList();
    for (int i = 0; i < edges.size(); i += 2) {
      addPart(
          left,
          Math.max(edges.getInt(i), start) - start,
          Math.min(edges.getInt(i + 1), end) - start);
    }
    return new TemplateText(text.substring(start, end), left);
  }

  /**
   * This after a normalizer: a literal part lies where what stands before its edges ends when it is
   * normalized alone. Where a character is put together across an edge the part counts as a field.
   */
  TemplateText normalized(Normalizer normalizer) {
    var whole = normalizer.normalize(text);
    var moved = new IntArrayList();
    for (int i = 0; i < edges.size(); i += 2) {
      addPart(
          moved,
          moved(edges.getInt(i), normalizer, whole),
          moved(edges.getInt(i + 1), normalizer, whole));
    }
    return new TemplateText(whole, moved);
  }

  private int moved(int edge, Normalizer normalizer, String whole) {
    if (edge == 0 || edge == text.length()) {
      return edge == 0 ? 0 : whole.length();
    }
    var before = normalizer.normalize(text.substring(0, edge));
    return whole.startsWith(before) ? before.length() : -1;
  }

  private static void addPart(IntArrayList edges, int start, int end) {
    if (0 <= start && start < end) {
      edges.add(start);
      edges.add(end);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TemplateText that && text.equals(that.text) && edges.equals(that.edges);
  }

  @Override
  public int hashCode() {
    return 31 * text.hashCode() + edges.hashCode();
  }

  @Override
  public String toString() {
    return text;
  }
}
