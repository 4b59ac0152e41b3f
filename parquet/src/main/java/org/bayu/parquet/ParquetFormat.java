package org.bayu.parquet;

import java.io.IOException;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.bayu.train.data.RowFormat;
import org.bayu.train.data.RowSource;

/** Apache Parquet: pages plain or packed with Snappy, Zstandard or gzip. */
public final class ParquetFormat implements RowFormat {
  /**
   * It tells of its choices where the JVM logs, which is the terminal. Held, or it is forgotten.
   */
  private static final Logger HARDWOOD = Logger.getLogger("dev.hardwood");

  /** Called by {@link java.util.ServiceLoader}. */
  public ParquetFormat() {
    if (HARDWOOD.getLevel() == null) {
      HARDWOOD.setLevel(Level.WARNING);
    }
  }

  @Override
  public String beginning() {
    return "PAR1";
  }

  @Override
  public RowSource open(Path file) throws IOException {
    return new ParquetRows(file);
  }
}
