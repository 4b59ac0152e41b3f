package org.bayu.train.track.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** A tree of values as a table: a row for each, under the names that lead to it. */
final class KeyValues {
  private KeyValues() {}

  static void write(Html html, String caption, JsonNode values) {
    html.table("keys", caption, List.of("Name", "Value"));
    rows(html, "", values);
    html.endTable();
  }

  private static void rows(Html html, String path, JsonNode value) {
    if (value.isObject() && !value.isEmpty()) {
      value
          .properties()
          .forEach(
              entry ->
                  rows(
                      html,
                      path.isEmpty() ? entry.getKey() : path + "." + entry.getKey(),
                      entry.getValue()));
    } else {
      html.raw("<tr>").element("th scope=\"row\"", path);
      html.cell(value.isValueNode() ? value.asText() : value.toString()).raw("</tr>");
    }
  }
}
