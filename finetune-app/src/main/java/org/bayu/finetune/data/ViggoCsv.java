package org.bayu.finetune.data;

import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.zip.ZipException;
import org.bayu.finetune.error.UserException;
import org.bayu.tensor.io.Printable;
import org.bayu.train.data.DataFile;

/**
 * The ViGGO data set's CSV files: a column of meaning representations, headed {@code mr} or {@code
 * meaning_representation} (GEM's name), and one of utterances, headed {@code ref} or {@code
 * target}. Other columns are passed over.
 */
public final class ViggoCsv {

  /**
   * One row.
   *
   * @param meaning the function call, e.g. {@code request(release_year[2014])}
   * @param utterance the sentence that carries it
   */
  public record Row(String meaning, String utterance) {}

  private ViggoCsv() {}

  /**
   * All rows in the file's order.
   *
   * @throws UserException that names file, line and reason if the file is not of this form
   */
  public static List<Row> read(Path file) throws IOException {
    try (var csv = new Csv(file)) {
      var header = csv.next();
      if (header == null) {
        throw UserException.inputFile(file + ": the file is empty. Give ViGGO's CSV.");
      }
      var meaning = column(file, header, "mr", "meaning_representation");
      var utterance = column(file, header, "ref", "target");
      var rows = new ArrayList<Row>();
      for (var fields = csv.next(); fields != null; fields = csv.next()) {
        if (fields.size() != header.size()) {
          throw UserException.inputFile(
              String.format(
                  Locale.ROOT,
                  "%s, line %d: %d fields, where the header has %d. Mend or remove the line.",
                  file,
                  csv.recordLine(),
                  fields.size(),
                  header.size()));
        }
        rows.add(new Row(fields.get(meaning), fields.get(utterance)));
      }
      if (rows.isEmpty()) {
        throw UserException.inputFile(
            file + ": the file has a header but no rows. Give ViGGO's CSV.");
      }
      return rows;
    } catch (ZipException | EOFException e) {
      throw DataFile.damagedGzip(file, e);
    } catch (CharacterCodingException e) {
      throw UserException.inputFile(file + ": not UTF-8 text. Convert the file to UTF-8.");
    }
  }

  private static int column(Path file, List<String> header, String name, String gemName) {
    var column = header.indexOf(name);
    if (column < 0) {
      column = header.indexOf(gemName);
    }
    if (column < 0) {
      throw UserException.inputFile(
          "%s, line 1: no column '%s' or '%s' (found: %s). Give ViGGO's CSV."
              .formatted(
                  file,
                  name,
                  gemName,
                  Printable.first(header.stream().map(Printable::name).toList(), ", ")));
    }
    return column;
  }
}
