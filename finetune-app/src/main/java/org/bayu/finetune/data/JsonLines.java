package org.bayu.finetune.data;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.bayu.train.files.AtomicFile;

/** Writes JSON Lines. */
public final class JsonLines {
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private JsonLines() {}

  /**
   * Writes a file, whole or not at all; an older one is replaced.
   *
   * @param values an object for each line; a record's names are written in snake case
   */
  public static void write(Path file, Stream<?> values) throws IOException {
    AtomicFile.write(
        file,
        out -> {
          for (var value = values.iterator(); value.hasNext(); ) {
            out.write(JSON.writeValueAsBytes(value.next()));
            out.write('\n');
          }
        });
  }

  /** A row to train on. */
  public static ObjectNode row(String instruction, String input, String output) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("instruction", instruction)
        .put("input", input)
        .put("output", output);
  }
}
