package org.bayu.train.files;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.TrainException;
import org.jspecify.annotations.Nullable;

/** A new folder for results. Checks at the beginning what would fail at the end. */
public final class OutputFolder {
  private OutputFolder() {}

  /**
   * Refuses a folder that exists, or that cannot be made, and removes what a killed process left of
   * it.
   *
   * @param key of the command line or the configuration
   * @param other what to do where it exists
   * @param messages takes a line where something of others was left beside it
   * @throws TrainException if so
   */
  public static void check(String key, Path folder, String other, Consumer<String> messages)
      throws IOException {
    if (Files.exists(folder)) {
      throw TrainException.settings("%s: %s exists already. %s".formatted(key, folder, other));
    }
    var ancestor = existingAncestor(folder);
    if (ancestor == null || !Files.isDirectory(ancestor) || !Files.isWritable(ancestor)) {
      throw TrainException.failed(
          ("%s: %s cannot be written, because %s is not a folder that can be written. Choose"
                  + " another one.")
              .formatted(key, folder, ancestor));
    }
    var left = StagedPath.removeLeftovers(folder);
    if (!left.isEmpty()) {
      var names = left.stream().map(path -> String.valueOf(path.getFileName())).toList();
      messages.accept(
          "%s has %s, left by processes that were killed: delete it if nobody is writing there."
              .formatted(folder.toAbsolutePath().getParent(), Printable.first(names, ", ")));
    }
  }

  /** The nearest folder above that exists; null if there is none. */
  public static @Nullable Path existingAncestor(Path folder) {
    var ancestor = folder.toAbsolutePath().getParent();
    while (ancestor != null && Files.notExists(ancestor)) {
      ancestor = ancestor.getParent();
    }
    return ancestor;
  }

  /**
   * Writes the folder; a signal leaves nothing of it.
   *
   * @throws TrainException if it cannot be made
   */
  public static void write(String key, Path folder, CleanEnd.Writing writing) throws IOException {
    try {
      CleanEnd.run(writing);
    } catch (FileSystemException e) {
      if (!isOf(folder, e)) {
        throw e;
      }
      throw TrainException.failed(
          "%s: %s cannot be written (%s). Choose another one.".formatted(key, folder, reason(e)),
          e);
    }
  }

  /** Whether the failure concerns the folder, a file in it or the folder that it is to be in. */
  private static boolean isOf(Path folder, FileSystemException failure) {
    var parent = folder.toAbsolutePath().getParent();
    var file = failure.getFile();
    if (file == null || parent == null) {
      return false;
    }
    var absolute = Path.of(file).toAbsolutePath();
    if (parent.startsWith(absolute)) {
      return true;
    }
    if (!absolute.startsWith(parent)) {
      return false;
    }
    var name = absolute.getName(parent.getNameCount()).toString();
    // It is written under another name first.
    return name.startsWith(".bayu-") || name.equals(String.valueOf(folder.getFileName()));
  }

  /** Why a file could not be written, in a few words. */
  public static String reason(IOException failure) {
    return switch (failure) {
      case AccessDeniedException _ -> "permission denied";
      case FileAlreadyExistsException e -> e.getFile() + " exists already";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> String.valueOf(failure.getMessage());
    };
  }
}
