package org.bayu.finetune.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Which function names are taken for which.
 *
 * @param expected the rows' labels: the expected names in alphabetical order, then {@value #EMPTY}
 *     if some expected output has none
 * @param predicted the columns' labels: the expected names, then {@value #OTHER} for names that no
 *     row expects and {@value #EMPTY} for no name at all
 * @param counts row by row
 */
public record ConfusionMatrix(
    List<String> expected, List<String> predicted, List<List<Integer>> counts) {
  /** The column of names that no row expects. */
  public static final String OTHER = "other";

  /** The column of predictions without a name. */
  public static final String EMPTY = "empty";

  static ConfusionMatrix of(List<Pair> pairs) {
    var names =
        pairs.stream()
            .map(pair -> pair.expected().function())
            .filter(Objects::nonNull)
            .distinct()
            .sorted()
            .toList();
    var rows = new ArrayList<String>(names);
    if (pairs.stream().anyMatch(pair -> pair.expected().function() == null)) {
      rows.add(EMPTY);
    }
    var columns = new ArrayList<String>(names);
    columns.add(OTHER);
    columns.add(EMPTY);
    var counts = new Integer[rows.size()][columns.size()];
    for (var row : counts) {
      Arrays.fill(row, 0);
    }
    for (var pair : pairs) {
      var row = names.indexOf(pair.expected().function());
      counts[row < 0 ? names.size() : row][column(names, pair.predictedFunction())]++;
    }
    return new ConfusionMatrix(rows, columns, Arrays.stream(counts).map(List::of).toList());
  }

  private static int column(List<String> names, @Nullable String name) {
    if (name == null) {
      return names.size() + 1;
    }
    var column = names.indexOf(name);
    return column < 0 ? names.size() : column;
  }
}
