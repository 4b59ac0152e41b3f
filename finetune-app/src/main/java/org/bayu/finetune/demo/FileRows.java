package org.bayu.finetune.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.finetune.data.JsonLines;
import org.bayu.train.data.RowFile;

/**
 * The rows of a file as they are; every tenth is kept for validation.
 *
 * @param file JSON Lines, or what else {@code train} reads
 */
public record FileRows(Path file) implements DemoData {
  private static final int VALIDATION_SHARE = 10;

  @Override
  public void write(DemoFiles files) throws IOException {
    var training = new ArrayList<JsonNode>();
    var validation = new ArrayList<JsonNode>();
    RowFile.read(
        file,
        RowFile.Text.JSON_LINES,
        row -> {
          var tenth = (training.size() + validation.size() + 1) % VALIDATION_SHARE == 0;
          (tenth ? validation : training).add(row);
        });
    JsonLines.write(files.rows("train"), training.stream());
    JsonLines.write(files.rows("validation"), validation.stream());
  }

  @Override
  public List<List<String>> commands(DemoFiles files) {
    return List.of();
  }

  @Override
  public String title() {
    return "every tenth row of " + file + ", which no training has";
  }
}
