package org.bayu.train.checkpoint;

import java.io.IOException;

/** A folder is no whole checkpoint, or one that this version cannot read; the message says why. */
public final class DamagedCheckpointException extends IOException {
  private static final long serialVersionUID = 1L;

  DamagedCheckpointException(String message) {
    super(message);
  }

  DamagedCheckpointException(String message, Throwable cause) {
    super(message, cause);
  }
}
