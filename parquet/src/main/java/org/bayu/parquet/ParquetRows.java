package org.bayu.parquet;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import org.bayu.train.TrainException;
import org.bayu.train.data.BadRowException;
import org.bayu.train.data.RowSource;
import org.jspecify.annotations.Nullable;

/** The rows of a Parquet file, each as an object of its columns. */
final class ParquetRows implements RowSource {
  private final Path path;
  private final ParquetFileReader file;
  private final @Nullable RowReader rows;
  private long row;

  ParquetRows(Path path) throws IOException {
    this.path = path;
    ParquetFileReader opened = null;
    try {
      opened = ParquetFileReader.open(InputFile.of(path));
      // hardwood 1.0.1 fails at a row group that has no row.
      rows = opened.getFileMetaData().numRows() == 0 ? null : opened.rowReader();
    } catch (RuntimeException | IOException | LinkageError e) {
      if (opened != null) {
        opened.close();
      }
      throw unreadable(e);
    }
    file = opened;
  }

  @Override
  public @Nullable ObjectNode next() throws BadRowException {
    row++;
    try {
      if (rows == null || !rows.hasNext()) {
        return null;
      }
      rows.next();
      return JsonValues.object(file.getFileSchema().getRootNode(), rows);
    } catch (RuntimeException | LinkageError e) {
      throw unreadable(e);
    }
  }

  /** What hardwood throws has names of Java's classes in it: the cause, for who looks there. */
  private TrainException unreadable(Throwable cause) {
    var codec = codec(cause);
    return TrainException.inputFile(
        codec == null
            ? String.format(
                Locale.ROOT,
                "%s: a damaged Parquet file, or one of a kind that is not read%s. Download it anew,"
                    + " or convert it to JSON Lines.",
                path,
                row == 0 ? "" : ", from row " + row + " on")
            : "%s: packed with %s, which is not read. Write it anew with Snappy or Zstandard."
                .formatted(path, codec),
        cause);
  }

  /** The packing for which a library is missing; null if that is not what is wrong. */
  private static @Nullable String codec(Throwable cause) {
    for (Throwable e = cause; e != null; e = e.getCause()) {
      var text = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
      if (e instanceof LinkageError || e instanceof UnsupportedOperationException) {
        for (var codec : new String[] {"LZ4", "Brotli", "LZO"}) {
          if (text.contains(codec.toLowerCase(Locale.ROOT))) {
            return codec;
          }
        }
      }
    }
    return null;
  }

  @Override
  public String place() {
    return "row " + row;
  }

  @Override
  public void close() throws IOException {
    try (file) {
      if (rows != null) {
        rows.close();
      }
    }
  }
}
