package org.bayu.train.track.report;

import java.util.List;

/** Writes HTML. Whatever is not a tag is escaped. */
final class Html {
  private final StringBuilder html = new StringBuilder();

  /** Adds what is HTML already. */
  Html raw(String more) {
    html.append(more);
    return this;
  }

  /** Adds text. Characters that HTML does not allow become U+FFFD. */
  Html text(String text) {
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> html.append("&amp;");
                case '<' -> html.append("&lt;");
                case '>' -> html.append("&gt;");
                case '"' -> html.append("&quot;");
                case '\'' -> html.append("&#39;");
                default -> html.appendCodePoint(isAllowed(c) ? c : 0xFFFD);
              }
            });
    return this;
  }

  private static boolean isAllowed(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL -> c == '\n' || c == '\t';
      case Character.SURROGATE -> false;
      default -> true;
    };
  }

  /** Adds a text in a tag. */
  Html element(String tag, String text) {
    return raw("<" + tag + ">").text(text).raw("</" + tag.split(" ", 2)[0] + ">");
  }

  /** Adds a text from elsewhere in a cell, which its direction of writing does not leave. */
  Html cell(String text) {
    return raw("<td dir=\"auto\">").text(text).raw("</td>");
  }

  /**
   * Begins a table in a box that scrolls sideways.
   *
   * @param caption for those who do not see what is around it
   */
  Html table(String kind, String caption, List<String> columns) {
    raw("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"").text(caption);
    raw("\"><table class=\"").raw(kind).raw("\"><caption>").text(caption).raw("</caption>");
    raw("<thead><tr>");
    columns.forEach(column -> element("th scope=\"col\"", column));
    return raw("</tr></thead><tbody>");
  }

  /** Ends a table. */
  Html endTable() {
    return raw("</tbody></table></div>");
  }

  /** The bytes of the text so far, about. */
  int length() {
    return html.length();
  }

  @Override
  public String toString() {
    return html.toString();
  }
}
