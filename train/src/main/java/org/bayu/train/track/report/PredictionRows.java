package org.bayu.train.track.report;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bayu.train.track.Table;

/** Rows of predictions, with what differs marked. */
final class PredictionRows {
  /** Characters of a text that are shown. */
  private static final int SHOWN = 1200;

  /** The columns of the tables. */
  static final List<String> COLUMNS = List.of("Match", "Input", "Expected", "Predicted");

  /**
   * A row.
   *
   * @param note how the prediction ended, if not as the model wanted, and what is wrong; or empty
   */
  record Row(String input, String expected, String predicted, String note, TextDiff diff) {
    boolean isRight() {
      return expected.equals(predicted);
    }
  }

  private PredictionRows() {}

  /** The rows of a table with the columns input, expected, predicted and, if it has one, end. */
  static List<Row> of(Table table) {
    var input = table.columns().indexOf("input");
    var expected = table.columns().indexOf("expected");
    var predicted = table.columns().indexOf("predicted");
    var rows = new ArrayList<Row>();
    if (input < 0 || expected < 0 || predicted < 0) {
      return rows;
    }
    for (var row : table.rows()) {
      rows.add(
          new Row(
              row.get(input),
              row.get(expected),
              row.get(predicted),
              note(table, row),
              TextDiff.of(row.get(expected), row.get(predicted))));
    }
    return rows;
  }

  private static String note(Table table, List<String> row) {
    var end = table.columns().indexOf("end");
    var mistakes = table.columns().indexOf("mistakes");
    return Stream.of(
            end < 0 || row.get(end).equals("stop") ? "" : "cut: " + row.get(end).replace('_', ' '),
            mistakes < 0 ? "" : row.get(mistakes))
        .filter(text -> !text.isEmpty())
        .collect(joining("; "));
  }

  /** Says what the marks mean. */
  static void legend(Html html) {
    html.raw("In what was expected, <mark class=\"missing\">what the model left out</mark> is ");
    html.raw("marked; in what it predicted, <mark class=\"wrong\">what is not expected</mark>.");
  }

  /** Writes a row of {@link #COLUMNS}. */
  static void write(Html html, String label, Row row) {
    html.raw("<tr><th scope=\"row\">").element("span class=\"label\"", label);
    html.text(
        row.isRight() ? "✓ exact" : Math.min(99, Math.round(100 * row.diff.likeness())) + " %");
    html.raw("</th>").cell(shortened(row.input));
    html.raw("<td dir=\"auto\">");
    parts(html, "missing", row.diff.expected());
    html.raw("</td><td dir=\"auto\">");
    parts(html, "wrong", row.diff.predicted());
    if (!row.note.isEmpty()) {
      html.element("small", row.note);
    }
    html.raw("</td></tr>");
  }

  /** As much of a text as is shown. */
  static String shortened(String text) {
    return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + " …";
  }

  private static void parts(Html html, String kind, List<TextDiff.Part> parts) {
    var room = SHOWN;
    for (var part : parts) {
      var text = part.text();
      var shown = text.length() <= room ? text : text.substring(0, room) + " …";
      if (part.marked()) {
        html.element("mark class=\"" + kind + "\"", shown);
      } else {
        html.text(shown);
      }
      room -= text.length();
      if (room <= 0) {
        break;
      }
    }
  }
}
