package org.bayu.finetune.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.io.Printable;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.RowFile;

/**
 * The ViGGO data set's files: a field of meaning representations, named {@code mr} or {@code
 * meaning_representation} (GEM's name), and one of utterances, named {@code ref} or {@code target}.
 * Other fields are passed over.
 */
public final class ViggoRows {

  /**
   * One row.
   *
   * @param meaning the function call, e.g. {@code request(release_year[2014])}
   * @param utterance the sentence that carries it
   */
  public record Row(String meaning, String utterance) {}

  private ViggoRows() {}

  /**
   * All rows in the file's order. A file of text is CSV unless its name says otherwise.
   *
   * @throws org.bayu.train.TrainException that names file, line and reason if the file is not of
   *     this form
   */
  public static List<Row> read(Path file) throws IOException {
    var rows = new ArrayList<Row>();
    RowFile.read(
        file,
        RowFile.Text.CSV,
        row ->
            rows.add(
                new Row(field(row, "mr", "meaning_representation"), field(row, "ref", "target"))));
    return rows;
  }

  private static String field(ObjectNode row, String name, String gemName) throws BadRowException {
    var value = row.path(row.has(name) ? name : gemName);
    if (!value.isTextual()) {
      var found = row.properties().stream().map(field -> Printable.name(field.getKey())).toList();
      throw new BadRowException(
          "no text in a field '%s' or '%s' (found: %s)"
              .formatted(name, gemName, Printable.first(found, ", ")),
          "Give ViGGO's files.");
    }
    return value.textValue();
  }
}
