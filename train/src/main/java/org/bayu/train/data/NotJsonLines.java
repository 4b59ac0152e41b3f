package org.bayu.train.data;

import java.util.Locale;
import org.bayu.tensor.io.InvalidJsonException;

/** Says what a line is that is no JSON object, and what to do about the common cases. */
final class NotJsonLines {
  private NotJsonLines() {}

  /**
   * The refusal of a line.
   *
   * @param first whether no other line came before it: what the file is shows there
   */
  static BadRowException explain(String line, boolean first, InvalidJsonException e) {
    var text = line.strip();
    if (first && text.startsWith("[")) {
      return array(true);
    }
    if (first && text.equals("{")) {
      return new BadRowException(
          "an object over several lines, where each must stand on one",
          "Rewrite the file, for instance with jq -c . F > G.");
    }
    if (text.indexOf('\r') >= 0) {
      return new BadRowException(
          "lines that end in CR alone",
          "End them in LF, for instance with tr '\\r' '\\n' < F > G.");
    }
    if (isSecondObject(line, e.column())) {
      return new BadRowException("two JSON objects on one line", "Put each on a line of its own.");
    }
    if (first && !text.startsWith("{") && isTable(text)) {
      return new BadRowException(
          "CSV or another table, it seems, not JSON Lines",
          "ViGGO's CSV is for prepare; of others the name must end in .csv, and the first line name"
              + " the fields.");
    }
    return new BadRowException(
        String.format(Locale.ROOT, "not JSON (column %d: %s)", e.column(), e.reason()));
  }

  /** The refusal of an array. */
  static BadRowException array(boolean first) {
    var reason = "a JSON array, where one object a line is expected";
    return first
        ? new BadRowException(reason, "Rewrite the file, for instance with jq -c '.[]' F > G.")
        : new BadRowException(reason);
  }

  /** Whether an object begins at the column, from 1, where the one before it has ended. */
  private static boolean isSecondObject(String line, int column) {
    var at = line.offsetByCodePoints(0, column - 1);
    return at < line.length()
        && line.charAt(at) == '{'
        && line.substring(0, at).stripTrailing().endsWith("}");
  }

  private static boolean isTable(String text) {
    return text.indexOf(',') > 0 || text.indexOf('\t') > 0 || text.indexOf(';') > 0;
  }
}
