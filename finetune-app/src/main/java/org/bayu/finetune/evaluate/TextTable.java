package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.List;

/** A table in Markdown, its columns aligned. */
final class TextTable {
  private final List<String[]> rows = new ArrayList<>();

  TextTable(String... header) {
    rows.add(header);
  }

  void add(String... cells) {
    rows.add(cells);
  }

  @Override
  public String toString() {
    var columns = rows.getFirst().length;
    var widths = new int[columns];
    for (var row : rows) {
      for (var column = 0; column < columns; column++) {
        widths[column] = Math.max(widths[column], row[column].length());
      }
    }
    var text = new StringBuilder();
    append(rows.getFirst(), widths, text);
    for (var width : widths) {
      text.append('|').repeat("-", width + 2);
    }
    text.append("|\n");
    rows.stream().skip(1).forEach(row -> append(row, widths, text));
    return text.toString();
  }

  private static void append(String[] row, int[] widths, StringBuilder text) {
    for (var column = 0; column < row.length; column++) {
      text.append("| ").append(row[column]).repeat(" ", widths[column] - row[column].length() + 1);
    }
    text.append("|\n");
  }
}
