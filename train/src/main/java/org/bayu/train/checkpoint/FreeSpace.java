package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.bayu.train.files.OutputFolder;

/** The free space of file systems. */
@FunctionalInterface
interface FreeSpace {
  /**
   * A file system.
   *
   * @param id equal for folders on the same one
   * @param freeBytes that this process may write
   */
  record Room(Object id, long freeBytes) {}

  /** The file system on which a folder lies or would be made; empty where it does not tell. */
  Optional<Room> at(Path folder);

  /** Asks the operating system. */
  static FreeSpace ofThisMachine() {
    return folder -> {
      var existing = Files.exists(folder) ? folder : OutputFolder.existingAncestor(folder);
      if (existing == null) {
        return Optional.empty();
      }
      try {
        var store = Files.getFileStore(existing);
        // A network's file system may know nothing, and says 0.
        return store.getTotalSpace() <= 0
            ? Optional.empty()
            : Optional.of(new Room(store, store.getUsableSpace()));
      } catch (IOException e) {
        return Optional.empty();
      }
    };
  }
}
