package org.bayu.remote.bucket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** The room for copies. */
final class FreeBytes {
  private FreeBytes() {}

  /**
   * Refuses what does not fit.
   *
   * @param local where it is to go
   */
  static void check(BucketAddress address, long bytes, Path local) throws IOException {
    var existing = local;
    while (existing != null && Files.notExists(existing)) {
      existing = existing.getParent();
    }
    if (existing == null || bytes == 0) {
      return;
    }
    var store = Files.getFileStore(existing);
    // A network's file system may know nothing, and says 0.
    if (store.getTotalSpace() > 0 && store.getUsableSpace() < bytes) {
      throw new BucketException(
          address,
          String.format(
              Locale.ROOT,
              "its local copy takes %.2f GB, and %.2f GB are free in %s; free some, or set"
                  + " BAYU_CACHE to a folder with more room",
              bytes / 1e9,
              store.getUsableSpace() / 1e9,
              existing));
    }
  }
}
