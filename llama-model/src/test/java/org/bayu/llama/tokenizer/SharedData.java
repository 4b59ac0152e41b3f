package org.bayu.llama.tokenizer;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Data that is not the project's own, beside its checkout; tests that need it skip without it. */
final class SharedData {
  private SharedData() {}

  static Path llama2() {
    return folder("llama2-tokenizer");
  }

  static Path stories() {
    return folder("stories260K");
  }

  /** Both columns of ViGGO's training and validation rows. */
  static List<String> viggo() throws IOException {
    var texts = new ArrayList<String>();
    for (var name : List.of("train.csv", "valid.csv")) {
      var lines = Files.readAllLines(folder("viggo").resolve(name));
      for (var line : lines.subList(1, lines.size())) {
        texts.addAll(fields(line));
      }
    }
    return texts;
  }

  private static List<String> fields(String line) {
    var fields = new ArrayList<String>();
    var field = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < line.length(); i++) {
      char c = line.charAt(i);
      if (c == '"') {
        // A doubled quote leaves the quoted part and enters it again.
        if (!quoted && i > 0 && line.charAt(i - 1) == '"') {
          field.append('"');
        }
        quoted = !quoted;
      } else if (c == ',' && !quoted) {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return fields;
  }

  private static Path folder(String name) {
    @Nullable Path root = Path.of("").toAbsolutePath();
    while (root != null && !Files.exists(root.resolve("mvnw"))) {
      root = root.getParent();
    }
    var folder =
        root == null ? Path.of(name) : root.resolve("../shared/data").resolve(name).normalize();
    assumeTrue(Files.isDirectory(folder), () -> "skipped: there is no " + folder);
    return folder;
  }
}
