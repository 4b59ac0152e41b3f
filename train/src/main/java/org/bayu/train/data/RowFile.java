package org.bayu.train.data;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.ServiceLoader;
import java.util.zip.ZipException;
import org.bayu.tensor.io.JarsBeside;
import org.bayu.train.TrainException;
import org.jspecify.annotations.Nullable;

/**
 * Reads a data file's rows. A file of text is JSON Lines or CSV, plain or gzip (recognized by its
 * first two bytes, not by its name); a name that ends in {@code .csv} or {@code .csv.gz} says CSV.
 * Other formats are found as services, see {@link RowFormat}.
 */
public final class RowFile {
  private static final int BEGINNING = 8;

  /** What a file of text is unless its name says otherwise. */
  public enum Text {
    /** {@link JsonLinesSource}. */
    JSON_LINES("JSON Lines"),
    /** {@link CsvSource}. */
    CSV("CSV");

    private final String words;

    Text(String words) {
      this.words = words;
    }

    /** The format's name. */
    @Override
    public String toString() {
      return words;
    }
  }

  /** Takes one row. */
  @FunctionalInterface
  public interface Handler {
    /**
     * Called row by row, in the file's order.
     *
     * @throws BadRowException if the row is of no use
     */
    void accept(ObjectNode row) throws BadRowException, IOException;
  }

  /**
   * What came of reading a file.
   *
   * @param rows rows that the handler took
   * @param skipped bad rows passed over
   * @param firstSkipped file, place and reason of the first of them; null if there are none
   */
  public record Report(int rows, int skipped, @Nullable String firstSkipped) {}

  /** Where other formats are looked for, once such a file is there. */
  private static final class Formats {
    static final ClassLoader LOADER = JarsBeside.loader(RowFormat.class, "bayu-parquet.jar");
  }

  private RowFile() {}

  /**
   * Hands each row to the handler.
   *
   * @param text what the file is if it is text and its name does not say
   * @throws TrainException that names file, line and reason if a row is bad, if the file is damaged
   *     or of another kind, or if it has no row
   */
  public static void read(Path file, Text text, Handler handler) throws IOException {
    read(file, text, false, "Mend or remove the line.", handler);
  }

  /**
   * As above, for rows that can do without some.
   *
   * @param skipBadRows whether a bad row is counted and passed over instead of being an error
   */
  public static Report read(Path file, boolean skipBadRows, Handler handler) throws IOException {
    return read(
        file,
        Text.JSON_LINES,
        skipBadRows,
        "Mend or remove the line; training can pass over bad ones (skip_bad_rows: true).",
        handler);
  }

  /**
   * Writes the rows of several files, one after the other, as JSON Lines.
   *
   * @param target is replaced
   * @throws TrainException as {@link #read} does
   */
  public static void join(List<Path> files, Path target) throws IOException {
    var json = new JsonMapper();
    try (var out = new BufferedOutputStream(Files.newOutputStream(target))) {
      for (var file : files) {
        read(
            file,
            Text.JSON_LINES,
            row -> {
              out.write(json.writeValueAsBytes(row));
              out.write('\n');
            });
      }
    }
  }

  private static Report read(
      Path file, Text text, boolean skipBadRows, String advice, Handler handler)
      throws IOException {
    var rows = 0;
    var skipped = 0;
    String firstSkipped = null;
    String firstAdvice = null;
    try (var source = open(file, text)) {
      while (true) {
        try {
          var row = source.next();
          if (row == null) {
            break;
          }
          handler.accept(row);
          rows++;
        } catch (BadRowException e) {
          var where = "%s, %s: %s".formatted(file, source.place(), e.reason());
          if (!skipBadRows) {
            throw TrainException.inputFile(
                where + ". " + (e.advice() == null ? advice : e.advice()));
          }
          if (skipped == 0) {
            firstSkipped = where;
            firstAdvice = e.advice();
          }
          skipped++;
        }
      }
    } catch (ZipException | EOFException e) {
      throw DataFile.damagedGzip(file, e);
    } catch (CharacterCodingException e) {
      throw TrainException.inputFile(file + ": not UTF-8 text. Convert the file to UTF-8.");
    }
    if (rows == 0) {
      throw TrainException.inputFile(
          skipped == 0
              ? file + ": there are no rows in it."
              : "%s: no row can be used; the first is %s.%s"
                  .formatted(file, firstSkipped, firstAdvice == null ? "" : " " + firstAdvice));
    }
    return new Report(rows, skipped, firstSkipped);
  }

  private static RowSource open(Path file, Text text) throws IOException {
    var name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
    var expected =
        name.matches(".*\\.csv(\\.gz)?")
            ? Text.CSV
            : name.matches(".*\\.jsonl?(\\.gz)?") ? Text.JSON_LINES : text;
    if (Files.isDirectory(file)) {
      throw DataFile.folder(file, expected.toString());
    }
    var format = format(file);
    if (format != null) {
      return format.open(file);
    }
    return switch (expected) {
      case JSON_LINES -> new JsonLinesSource(file);
      case CSV -> new CsvSource(file);
    };
  }

  /** The format of a file that is no text, if one is installed that reads it. */
  private static @Nullable RowFormat format(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      return null; // a pipe, whose first bytes can be read only once
    }
    String beginning;
    try (var in = Files.newInputStream(file)) {
      beginning = new String(in.readNBytes(BEGINNING), ISO_8859_1);
    }
    if (ForeignFile.of(beginning) == null) {
      return null;
    }
    for (var format : ServiceLoader.load(RowFormat.class, Formats.LOADER)) {
      if (beginning.startsWith(format.beginning())) {
        return format;
      }
    }
    return null;
  }
}
