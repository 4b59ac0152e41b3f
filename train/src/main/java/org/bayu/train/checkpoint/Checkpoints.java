package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The folder of a run's checkpoints, each {@code step-<steps done>}.
 *
 * @param folder may be missing
 */
public record Checkpoints(Path folder) {
  private static final String PREFIX = "step-";

  /** Where the checkpoint after {@code done} steps is. */
  public Path path(int done) {
    return folder.resolve(PREFIX + done);
  }

  /** The folders, whole or not, the one with the most steps first. */
  public List<Path> newestFirst() throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var entries = Files.list(folder)) {
      return entries
          .filter(entry -> steps(entry) >= 0)
          .sorted(Comparator.comparingInt(Checkpoints::steps).reversed())
          .toList();
    }
  }

  /** The number of steps in a folder's name; −1 if it is none of a checkpoint. */
  public static int steps(Path folder) {
    var name = String.valueOf(folder.getFileName());
    return name.matches(PREFIX + "(0|[1-9][0-9]{0,8})")
        ? Integer.parseInt(name.substring(PREFIX.length()))
        : -1;
  }

  /**
   * The checkpoint with the most steps that is whole.
   *
   * @param messages takes a line for each newer one that is not
   */
  public Optional<Checkpoint> newestWhole(Consumer<String> messages) throws IOException {
    for (var path : newestFirst()) {
      try {
        return Optional.of(Checkpoint.open(path));
      } catch (DamagedCheckpointException e) {
        messages.accept(path + ": this checkpoint is passed over: " + e.getMessage() + ".");
      }
    }
    return Optional.empty();
  }
}
