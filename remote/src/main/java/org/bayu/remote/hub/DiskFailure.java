package org.bayu.remote.hub;

import java.io.IOException;
import java.nio.file.Path;
import org.bayu.remote.hub.HubException.Reason;

/** What came over the network could not be written: trying again does not help. */
final class DiskFailure extends IOException {
  private static final long serialVersionUID = 1L;

  private final transient Path file;

  DiskFailure(Path file, IOException cause) {
    super(cause);
    this.file = file;
  }

  HubException asHubException() {
    return new HubException(
        Reason.NO_SPACE,
        "%s could not be written: the disk is full, or it failed. What was fetched so far is kept; make room, or set HF_HUB_CACHE to a folder on another disk."
            .formatted(file),
        this);
  }
}
