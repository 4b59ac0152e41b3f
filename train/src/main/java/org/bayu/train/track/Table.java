package org.bayu.train.track;

import java.util.List;

/**
 * A table of texts.
 *
 * @param columns their names
 * @param rows a text for each column
 */
public record Table(List<String> columns, List<List<String>> rows) {
  /**
   * Copies neither.
   *
   * @throws IllegalArgumentException if a row has not one text for each column
   */
  public Table {
    for (var row : rows) {
      if (row.size() != columns.size()) {
        throw new IllegalArgumentException(
            "a row of %s texts in a table of %s columns".formatted(row.size(), columns.size()));
      }
    }
  }
}
