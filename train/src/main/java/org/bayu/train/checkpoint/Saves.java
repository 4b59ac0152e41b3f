package org.bayu.train.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.TrainException;
import org.bayu.train.files.CleanEnd;
import org.bayu.train.files.OutputFolder;
import org.bayu.train.files.ShellText;
import org.jspecify.annotations.Nullable;

/**
 * The saves of a run. If a save between steps fails, it is reported and training continues. If the
 * last save fails, what was trained is saved elsewhere.
 */
public final class Saves {
  private final List<ModelStore> targets;
  private final ModelStore rescue;
  private final List<Path> elsewhere;
  private final RemoteFiles remote;
  private final FreeSpace space;
  private final boolean replaces;
  private final Consumer<String> messages;
  private final Map<Path, ModelStore> unpublished = new LinkedHashMap<>();
  private int lastSaved;
  private @Nullable Double lossAfterLastSaved;
  private int saveBefore;
  private @Nullable Double lossAfterSaveBefore;

  /** Saves on this machine's file systems. */
  public Saves(
      List<ModelStore> targets,
      ModelStore rescue,
      List<Path> elsewhere,
      RemoteFiles remote,
      boolean replaces,
      Consumer<String> messages) {
    this(targets, rescue, elsewhere, remote, FreeSpace.ofThisMachine(), replaces, messages);
  }

  /**
   * Saves of a run.
   *
   * @param targets what is saved at every save
   * @param rescue the smallest store with everything that was trained, for a save elsewhere
   * @param elsewhere folders to try if the rescue store cannot be saved in its place
   * @param remote where the targets' folders may stand for others elsewhere: a save is published
   *     there, and then deleted here
   * @param replaces whether the run made saves before, which are replaced when it comes to their
   *     steps again
   * @param messages takes lines for the user
   */
  Saves(
      List<ModelStore> targets,
      ModelStore rescue,
      List<Path> elsewhere,
      RemoteFiles remote,
      FreeSpace space,
      boolean replaces,
      Consumer<String> messages) {
    this.targets = List.copyOf(targets);
    this.rescue = rescue;
    this.elsewhere = List.copyOf(elsewhere);
    this.remote = remote;
    this.space = space;
    this.replaces = replaces;
    this.messages = messages;
  }

  /**
   * The first of a run's saves that exists in a folder already; empty if there is none.
   *
   * @param folder a store's
   * @param every steps from one save to the next
   * @param steps of the run
   * @param remote where the folder may stand for one elsewhere
   */
  public static Optional<Path> existing(Path folder, int every, int steps, RemoteFiles remote)
      throws IOException {
    var all = new ArrayList<>(remote.list(folder));
    if (Files.isDirectory(folder)) {
      try (var entries = Files.list(folder)) {
        entries.forEach(all::add);
      }
    }
    return all.stream().filter(entry -> isSave(entry, every, steps)).min(Comparator.naturalOrder());
  }

  private static boolean isSave(Path entry, int every, int steps) {
    var name = String.valueOf(entry.getFileName());
    var number = name.matches("step-[1-9][0-9]{0,8}") ? Integer.parseInt(name.substring(5)) : 0;
    return number == steps || (number > 0 && number < steps && number % every == 0);
  }

  /**
   * The folder of the save of this kind after {@code done} steps; null if this kind is not saved.
   */
  public @Nullable Path path(ModelStore.Kind kind, int done) {
    return targets.stream()
        .filter(target -> target.kind() == kind)
        .findFirst()
        .map(target -> target.path(done))
        .orElse(null);
  }

  /** Saves between two steps, after {@code done} of them. */
  public void between(int done) {
    if (targets.isEmpty()) {
      return;
    }
    var refusal = SaveSpace.of(targets, 2, remote, space).refusalBeforeLast();
    if (refusal.isPresent()) {
      messages.accept(String.format(Locale.ROOT, "No save after step %d. %s", done, refusal.get()));
      return;
    }
    for (var target : targets) {
      var failure = write(target, target.path(done), done);
      if (failure != null) {
        messages.accept(
            String.format(
                Locale.ROOT,
                "%s: the %s could not be saved after step %d (%s). Training goes on.",
                target.key(),
                target.kind(),
                done,
                reason(failure, target)));
      }
    }
  }

  /**
   * Makes the last save.
   *
   * @param checkpoint holds the same state; null if there is none
   * @throws TrainException if something could not be saved in its place; the message says where it
   *     is
   */
  public void last(int done, @Nullable Path checkpoint) {
    ModelStore failed = null;
    IOException reason = null;
    Path whole = null;
    for (var target : targets) {
      var failure = write(target, target.path(done), done);
      if (failure == null) {
        whole = target.kind() == rescue.kind() ? target.path(done) : whole;
      } else if (failed == null) {
        failed = target;
        reason = failure;
      }
    }
    if (failed != null && reason != null) {
      throw notInPlace(failed, reason, whole, checkpoint, done);
    }
    publish();
    unpublished.forEach(
        (path, store) -> {
          throw TrainException.failed(
              "%s: the %s could not be brought to %s. It is kept in %s; the same command tries again."
                  .formatted(store.key(), store.kind(), path, path.toUri()));
        });
  }

  /**
   * Publishes the saves that could not be published when they were made. What fails again is
   * reported.
   */
  public void publish() {
    for (var save : List.copyOf(unpublished.entrySet())) {
      publish(save.getValue(), save.getKey());
    }
  }

  private void publish(ModelStore target, Path path) {
    try {
      remote.publish(path);
      unpublished.remove(path);
      if (remote.isRemote(path)) {
        StagedPath.delete(path);
      }
      messages.accept("Saved the " + target.kind() + " to " + path);
    } catch (IOException e) {
      unpublished.put(path, target);
      messages.accept(
          "%s: the %s is kept here only: %s. It is tried again."
              .formatted(target.key(), target.kind(), OutputFolder.reason(e)));
    }
  }

  private TrainException notInPlace(
      ModelStore failed,
      IOException reason,
      @Nullable Path whole,
      @Nullable Path checkpoint,
      int done) {
    var text =
        String.format(
            Locale.ROOT,
            "%s: the %s could not be saved in %s (%s).",
            failed.key(),
            failed.kind(),
            failed.path(done),
            reason(reason, failed));
    if (whole != null) {
      return TrainException.failed(text + " The " + rescue.kind() + " is in " + whole + ".");
    }
    if (checkpoint != null) {
      return TrainException.failed(
          "%s The state is kept: bayu save --checkpoint %s --%s FOLDER saves it elsewhere."
              .formatted(text, ShellText.word(checkpoint.toString()), failed.key()));
    }
    return TrainException.failed(
        text
            + elsewhere(done)
                .map(path -> " The " + rescue.kind() + " is in " + path + ".")
                .orElse(" No other place had room for it: what was trained is lost."));
  }

  /** Saves what was trained before the run ends with an error, if the run has saves. */
  public void beforeFailure(int done) {
    if (!targets.isEmpty()
        && done > lastSaved
        && targets.stream().noneMatch(target -> saved(target, done))) {
      var _ = elsewhere(done);
    }
  }

  private boolean saved(ModelStore target, int done) {
    return target.kind() == rescue.kind() && write(target, target.path(done), done) == null;
  }

  /** Saves what was trained in the first place that takes it. */
  private Optional<Path> elsewhere(int done) {
    for (var folder : elsewhere) {
      var path = folder.resolve(rescue.kind() + "-" + ModelStore.name(done));
      var room = space.at(folder);
      if (room.isPresent() && room.get().freeBytes() < rescue.bytes()) {
        continue;
      }
      if (write(rescue, path, done) == null) {
        return Optional.of(path);
      }
    }
    return Optional.empty();
  }

  /** Why it failed, with the bytes that are missing if that is it. */
  private String reason(IOException failure, ModelStore target) {
    var text = OutputFolder.reason(failure);
    return space
        .at(target.folder())
        .filter(room -> room.freeBytes() < target.bytes())
        .map(
            room ->
                String.format(
                    Locale.ROOT,
                    "%s: it takes %s, and %s are free",
                    text,
                    SaveSpace.bytes(target.bytes()),
                    SaveSpace.bytes(room.freeBytes())))
        .orElse(text);
  }

  private @Nullable IOException write(ModelStore target, Path path, int done) {
    try {
      CleanEnd.run(
          () -> {
            if (replaces && Files.exists(path)) {
              StagedPath.delete(path);
            }
            target.write(path);
          });
    } catch (IOException e) {
      return e;
    } catch (UncheckedIOException e) {
      return e.getCause();
    } catch (NonFiniteTensorException e) {
      // Of the adapter merged in: what is trained itself has been looked at.
      return new IOException(e.getMessage(), e);
    }
    publish(target, path);
    if (done != lastSaved) {
      saveBefore = lastSaved;
      lossAfterSaveBefore = lossAfterLastSaved;
      lastSaved = done;
      lossAfterLastSaved = null;
    }
    return null;
  }

  /** Remembers the loss that the weights after {@code done} steps gave on the next batch. */
  public void loss(int done, double loss) {
    if (done == lastSaved && done > 0) {
      lossAfterLastSaved = loss;
    }
  }

  /**
   * One or two sentences about the saves, for when the weights after {@code done} steps are not
   * finite.
   */
  public String account(int done) {
    if (lastSaved == 0) {
      return "Nothing was saved before.";
    }
    if (lastSaved == done) {
      var text =
          String.format(
              Locale.ROOT,
              "The save %s holds these very weights: do not use it.",
              ModelStore.name(done));
      return saveBefore == 0 ? text : text + " " + good(saveBefore, lossAfterSaveBefore);
    }
    return good(lastSaved, lossAfterLastSaved);
  }

  private static String good(int save, @Nullable Double loss) {
    return loss == null
        ? "The last save before is " + ModelStore.name(save) + "."
        : String.format(
            Locale.ROOT,
            "The weights of the save %s gave a loss of %.4f on the next batch.",
            ModelStore.name(save),
            loss);
  }
}
