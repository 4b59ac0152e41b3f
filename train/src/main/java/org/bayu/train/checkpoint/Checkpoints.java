package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.bayu.tensor.io.RemoteFiles;

/**
 * The folder of a run's checkpoints, each {@code step-<steps done>}.
 *
 * @param folder may be missing
 * @param remote where the folder may stand for one elsewhere, from which checkpoints are fetched
 */
public record Checkpoints(Path folder, RemoteFiles remote) {
  private static final String PREFIX = "step-";

  /** A folder that is only here. */
  public Checkpoints(Path folder) {
    this(folder, RemoteFiles.NONE);
  }

  /** Where the checkpoint after {@code done} steps is. */
  public Path path(int done) {
    return folder.resolve(PREFIX + done);
  }

  /** The folders, whole or not, here or elsewhere, the one with the most steps first. */
  public List<Path> newestFirst() throws IOException {
    var all = new TreeSet<>(Comparator.<Path>comparingInt(Checkpoints::steps).reversed());
    all.addAll(remote.list(folder));
    if (Files.isDirectory(folder)) {
      try (var entries = Files.list(folder)) {
        entries.forEach(all::add);
      }
    }
    return all.stream().filter(entry -> steps(entry) >= 0).toList();
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
      remote.fetch(path);
      try {
        return Optional.of(Checkpoint.open(path));
      } catch (DamagedCheckpointException e) {
        messages.accept(path + ": this checkpoint is passed over: " + e.getMessage() + ".");
      }
    }
    return Optional.empty();
  }
}
