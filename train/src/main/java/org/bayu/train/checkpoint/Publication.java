package org.bayu.train.checkpoint;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.train.files.OutputFolder;

/**
 * Brings checkpoints to the place elsewhere for which their folder stands, and deletes there those
 * that a published one has superseded. What fails is reported, and tried again the next time.
 */
final class Publication {
  private final RemoteFiles remote;
  private final Consumer<String> messages;
  private final Set<Path> unpublished = new LinkedHashSet<>();
  private final Set<Path> superseded = new LinkedHashSet<>();

  Publication(RemoteFiles remote, Consumer<String> messages) {
    this.remote = remote;
    this.messages = messages;
  }

  /** Notes a checkpoint that is to be published. */
  void add(Path checkpoint) {
    unpublished.add(checkpoint);
    superseded.remove(checkpoint);
  }

  /** Notes a checkpoint that is to be deleted elsewhere, once those before it are published. */
  void supersede(Path checkpoint) {
    superseded.add(checkpoint);
  }

  /** Publishes what is not yet published and still here; deletes what is then superseded. */
  void publish() {
    try {
      for (var path : List.copyOf(unpublished)) {
        if (Files.exists(path)) {
          remote.publish(path);
        }
        unpublished.remove(path);
      }
      for (var path : List.copyOf(superseded)) {
        remote.delete(path);
        superseded.remove(path);
      }
    } catch (IOException e) {
      messages.accept(
          "The newest checkpoint is kept here only: %s. It is tried again with the next."
              .formatted(OutputFolder.reason(e)));
    }
  }

  /** The checkpoints that are here and could not be published. */
  List<Path> missing() {
    return List.copyOf(unpublished);
  }
}
