package org.bayu.train.data;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A format of data files that are not text. Found as a service ({@link java.util.ServiceLoader}),
 * also in the jar {@code bayu-parquet.jar} beside Bayu's own.
 */
public interface RowFormat {
  /** The bytes that such a file begins with, a character each. */
  String beginning();

  /**
   * Opens a file.
   *
   * @throws org.bayu.train.TrainException if it is damaged or has something that cannot be read
   */
  RowSource open(Path file) throws IOException;
}
