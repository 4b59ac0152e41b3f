package org.bayu.finetune.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.finetune.output.CleanEnd;
import org.bayu.finetune.output.OutputFolder;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.config.TrainConfig;
import org.jspecify.annotations.Nullable;

/**
 * The saves of a run. One that fails between steps is reported, and the training goes on; what
 * cannot be saved at the end where it should be is saved elsewhere.
 */
final class Saves {
  /** Writes what is trained as it is now. */
  @FunctionalInterface
  interface Writer {
    /** Writes a new folder: whole, or not at all. */
    void write(SaveTarget.Kind kind, Path folder) throws IOException;
  }

  private final List<SaveTarget> targets;
  private final SaveTarget rescue;
  private final List<Path> elsewhere;
  private final FreeSpace space;
  private final Writer writer;
  private final Consumer<String> messages;
  private int lastSaved;
  private @Nullable Double lossAfterLastSaved;
  private int saveBefore;
  private @Nullable Double lossAfterSaveBefore;

  /**
   * Saves of a run that has not begun.
   *
   * @param targets what is saved at every save
   * @param rescue holds all that was trained, in the least space: what to save elsewhere
   * @param elsewhere folders to try where that cannot be saved in its place
   * @param messages takes a line for whoever watches
   */
  Saves(
      List<SaveTarget> targets,
      SaveTarget rescue,
      List<Path> elsewhere,
      FreeSpace space,
      Writer writer,
      Consumer<String> messages) {
    this.targets = List.copyOf(targets);
    this.rescue = rescue;
    this.elsewhere = List.copyOf(elsewhere);
    this.space = space;
    this.writer = writer;
    this.messages = messages;
  }

  /** The saves that a configuration asks for. */
  static Saves of(TrainConfig config, RunInputs inputs, Writer writer, Consumer<String> messages) {
    var run = config.trainer().outputDir().resolve(config.trainer().id());
    var temporary = Path.of(System.getProperty("java.io.tmpdir"));
    return new Saves(
        SaveTarget.of(config, inputs),
        SaveTarget.rescue(inputs, "trainer.output_dir", run),
        List.of(run, temporary.resolve("bayu-" + config.trainer().id())),
        FreeSpace.ofThisMachine(),
        writer,
        messages);
  }

  /**
   * Refuses places that cannot be written to or hold one of the saves already.
   *
   * @throws UserException if so
   */
  static void check(TrainConfig config, Consumer<String> messages) throws IOException {
    check(config, "hf_save_path", config.hfSavePath(), messages);
    check(config, "merged_hf_save_path", config.mergedHfSavePath(), messages);
  }

  private static void check(
      TrainConfig config, String key, @Nullable Path path, Consumer<String> messages)
      throws IOException {
    if (path == null) {
      return;
    }
    var folder = path.resolve(config.trainer().id());
    var steps = config.trainer().numTrainSteps();
    var first = existing(folder, config.hfSaveSteps(), steps);
    OutputFolder.check(
        key,
        first.orElse(folder.resolve(SaveTarget.name(steps))),
        "Choose another folder or another trainer.id.",
        messages);
  }

  private static Optional<Path> existing(Path folder, int every, int steps) throws IOException {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (var entries = Files.list(folder)) {
      return entries.filter(entry -> isSave(entry, every, steps)).min(Comparator.naturalOrder());
    }
  }

  private static boolean isSave(Path entry, int every, int steps) {
    var name = String.valueOf(entry.getFileName());
    var number = name.matches("step-[1-9][0-9]{0,8}") ? Integer.parseInt(name.substring(5)) : 0;
    return number == steps || (number > 0 && number < steps && number % every == 0);
  }

  /** Where a thing is saved after {@code done} steps; null if nowhere. */
  @Nullable Path path(SaveTarget.Kind kind, int done) {
    return targets.stream()
        .filter(target -> target.kind() == kind)
        .findFirst()
        .map(target -> target.path(done))
        .orElse(null);
  }

  /** Saves between two steps, after {@code done} of them. */
  void between(int done) {
    if (targets.isEmpty()) {
      return;
    }
    var refusal = SaveSpace.of(targets, 2, space).refusalBeforeLast();
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
   * Saves for the last time.
   *
   * @throws UserException if something was not saved in its place; the message says where it is
   */
  void last(int done) {
    SaveTarget failed = null;
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
      throw notInPlace(failed, reason, whole, done);
    }
  }

  private UserException notInPlace(
      SaveTarget failed, IOException reason, @Nullable Path whole, int done) {
    var text =
        String.format(
            Locale.ROOT,
            "%s: the %s could not be saved in %s (%s).",
            failed.key(),
            failed.kind(),
            failed.path(done),
            reason(reason, failed));
    if (whole != null) {
      return UserException.failed(text + " The " + rescue.kind() + " is in " + whole + ".");
    }
    return UserException.failed(
        text
            + elsewhere(done)
                .map(path -> " The " + rescue.kind() + " is in " + path + ".")
                .orElse(" No other place had room for it: what was trained is lost."));
  }

  /** Saves what was trained before the run ends with a failure, if anything is to be saved. */
  void beforeFailure(int done) {
    if (!targets.isEmpty()
        && done > lastSaved
        && targets.stream().noneMatch(target -> saved(target, done))) {
      var _ = elsewhere(done);
    }
  }

  private boolean saved(SaveTarget target, int done) {
    return target.kind() == rescue.kind() && write(target, target.path(done), done) == null;
  }

  /** Saves what was trained in the first place that takes it. */
  private Optional<Path> elsewhere(int done) {
    for (var folder : elsewhere) {
      var path = folder.resolve(rescue.kind() + "-" + SaveTarget.name(done));
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
  private String reason(IOException failure, SaveTarget target) {
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

  private @Nullable IOException write(SaveTarget target, Path path, int done) {
    try {
      CleanEnd.run(() -> writer.write(target.kind(), path));
    } catch (IOException e) {
      return e;
    } catch (UncheckedIOException e) {
      return e.getCause();
    }
    messages.accept("Saved the " + target.kind() + " to " + path);
    if (done != lastSaved) {
      saveBefore = lastSaved;
      lossAfterSaveBefore = lossAfterLastSaved;
      lastSaved = done;
      lossAfterLastSaved = null;
    }
    return null;
  }

  /** Takes note of the loss that the weights after {@code done} steps gave on the next batch. */
  void loss(int done, double loss) {
    if (done == lastSaved && done > 0) {
      lossAfterLastSaved = loss;
    }
  }

  /**
   * What is known of the saves when the weights after {@code done} steps are found destroyed, in a
   * sentence or two.
   */
  String account(int done) {
    if (lastSaved == 0) {
      return "Nothing was saved before.";
    }
    if (lastSaved == done) {
      var text =
          String.format(
              Locale.ROOT,
              "The save %s holds these very weights: do not use it.",
              SaveTarget.name(done));
      return saveBefore == 0 ? text : text + " " + good(saveBefore, lossAfterSaveBefore);
    }
    return good(lastSaved, lossAfterLastSaved);
  }

  private static String good(int save, @Nullable Double loss) {
    return loss == null
        ? "The last save before is " + SaveTarget.name(save) + "."
        : String.format(
            Locale.ROOT,
            "The weights of the save %s gave a loss of %.4f on the next batch.",
            SaveTarget.name(save),
            loss);
  }
}
