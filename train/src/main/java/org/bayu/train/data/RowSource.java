package org.bayu.train.data;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The rows of one data file, one after the other. */
public interface RowSource extends Closeable {
  /**
   * The next row's fields; null behind the last row.
   *
   * @throws BadRowException if the row is of no use; the rows behind it can still be read
   * @throws org.bayu.train.TrainException if the file cannot be read any further; the message names
   *     file, place and reason
   */
  @Nullable ObjectNode next() throws BadRowException, IOException;

  /** Where the last row is, such as {@code line 3}. */
  String place();
}
