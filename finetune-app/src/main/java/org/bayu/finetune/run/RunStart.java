package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.finetune.config.CheckpointerConfig;
import org.bayu.finetune.config.RunId;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.model.Models;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.io.Printable;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.train.checkpoint.Checkpoint;
import org.bayu.train.checkpoint.Checkpoints;
import org.bayu.train.checkpoint.DamagedCheckpointException;
import org.bayu.train.checkpoint.RunDescription;
import org.jspecify.annotations.Nullable;

/**
 * Where a run begins: its name, its locked folder, and the checkpoint that it goes on from if there
 * is one.
 */
public final class RunStart implements AutoCloseable {
  private static final String LOAD = "--trainer.load_checkpoint";

  private final TrainConfig config;
  private final Models models;
  private final RunFolder folder;
  private final @Nullable TrainConfig before;
  private final @Nullable Checkpoint checkpoint;
  private final @Nullable RunEnd end;

  private RunStart(
      TrainConfig config,
      Models models,
      RunFolder folder,
      @Nullable TrainConfig before,
      @Nullable Checkpoint checkpoint,
      @Nullable RunEnd end) {
    this.config = config;
    this.models = models;
    this.folder = folder;
    this.before = before;
    this.checkpoint = checkpoint;
    this.end = end;
  }

  /**
   * Finds the run that a command means, and locks its folder.
   *
   * @param models finds its files; remains the caller's
   * @param messages takes a line for whoever watches
   * @throws UserException if the command asks for a run that is not there, or for another run than
   *     the one in its folder
   */
  public static RunStart of(TrainConfig command, Models models, Consumer<String> messages)
      throws IOException {
    var config =
        command.trainer().id() == null
            ? command.withId(choose(command, models, messages))
            : command;
    var trainer = config.trainer();
    var remote = models.files().buckets();
    var folder = RunFolder.open(trainer.outputDir().resolve(trainer.runId()));
    try {
      RunFolder.fetch(folder.path(), remote);
      if (Boolean.FALSE.equals(trainer.loadCheckpoint())) {
        refuseTaken(config, folder, remote);
      }
      var before = folder.hasRun() ? same(config, folder, models.files()) : null;
      var end =
          folder
              .ended(messages)
              .filter(ended -> before != null && ended.steps() >= trainer.numTrainSteps())
              .orElse(null);
      var checkpoint = end == null ? checkpoint(config, folder, before, remote, messages) : null;
      if (end != null) {
        folder.publish(remote); // where the end could not be noted when it came
      }
      if (before != null && end == null && checkpoint == null) {
        messages.accept(
            "The run %s %s, so it begins again."
                .formatted(
                    trainer.runId(),
                    checkpoints(config, folder, remote).newestFirst().isEmpty()
                        ? "was interrupted before its first checkpoint"
                        : "has no whole checkpoint"));
      }
      return new RunStart(config, models, folder, before, checkpoint, end);
    } catch (Throwable e) {
      folder.close();
      throw e;
    }
  }

  /** The only unfinished run of this configuration, or a new name. */
  private static String choose(TrainConfig command, Models models, Consumer<String> messages)
      throws IOException {
    var trainer = command.trainer();
    var unfinished =
        !Boolean.FALSE.equals(trainer.loadCheckpoint())
            ? UnfinishedRuns.of(command, models.files(), messages)
            : List.<Path>of();
    if (unfinished.size() > 1) {
      throw UserException.usage(
          "%s has several unfinished runs of this configuration: %s. Name the one to go on with by --trainer.id, or begin a new one with --trainer.load_checkpoint false."
              .formatted(
                  trainer.outputDir(),
                  Printable.first(unfinished.stream().map(RunStart::name).toList(), ", ")));
    }
    if (unfinished.size() == 1) {
      messages.accept(
          "Going on with the unfinished run %s. To begin a new one: --trainer.load_checkpoint false."
              .formatted(name(unfinished.getFirst())));
      return name(unfinished.getFirst());
    }
    if (Boolean.TRUE.equals(trainer.loadCheckpoint()) && trainer.loadCheckpointPath() == null) {
      throw UserException.usage(
          "trainer.load_checkpoint: %s has no unfinished run of this configuration. Name the run by --trainer.id, or leave the key out to begin a new one."
              .formatted(trainer.outputDir()));
    }
    return RunId.random();
  }

  private static String name(Path folder) {
    return String.valueOf(folder.getFileName());
  }

  /** Refuses to begin anew where a run or its checkpoints are. */
  private static void refuseTaken(TrainConfig config, RunFolder folder, RemoteFiles remote)
      throws IOException {
    var checkpoints = checkpoints(config, folder, remote);
    if (folder.hasRun()) {
      throw taken(folder.path(), "");
    }
    if (!checkpoints.newestFirst().isEmpty()) {
      throw UserException.usage(
          "%s: holds checkpoints of a run already. Give this one another trainer.id or trainer.checkpointer.base_path."
              .formatted(checkpoints.folder()));
    }
  }

  private static UserException taken(Path folder, String why) {
    return UserException.usage(
        "%s: holds a run already%s. Give this one another trainer.id or trainer.output_dir."
            .formatted(folder, why));
  }

  /**
   * The configuration of the run in the folder. Refuses a command's that decides other bits.
   *
   * @throws UserException if so
   */
  private static TrainConfig same(TrainConfig config, RunFolder folder, LocalFiles files)
      throws IOException {
    if (!Files.exists(folder.configFile())) {
      throw taken(folder.path(), "");
    }
    var before = TrainConfig.load(folder.configFile(), List.of(), files);
    var differences =
        RunDescription.differences(
            before.toJson(files), config.toJson(files), ResumeKeys::mayDiffer);
    if (!differences.isEmpty()) {
      throw taken(folder.path(), " with other settings: " + Printable.first(differences, "; "));
    }
    return before;
  }

  private static @Nullable Checkpoint checkpoint(
      TrainConfig config,
      RunFolder folder,
      @Nullable TrainConfig before,
      RemoteFiles remote,
      Consumer<String> messages)
      throws IOException {
    var trainer = config.trainer();
    if (Boolean.FALSE.equals(trainer.loadCheckpoint())) {
      return null;
    }
    var checkpoints = checkpoints(config, folder, remote);
    var own = checkpoints.newestWhole(messages).orElse(null);
    var path = trainer.loadCheckpointPath();
    if (path != null) {
      var began = before != null && path.equals(before.trainer().loadCheckpointPath());
      return began && own != null ? own : named(path, own, remote, messages);
    }
    if (own == null && Boolean.TRUE.equals(trainer.loadCheckpoint())) {
      throw UserException.usage(
          "trainer.load_checkpoint: the run %s has no %scheckpoint in %s."
              .formatted(
                  trainer.runId(),
                  checkpoints.newestFirst().isEmpty() ? "" : "whole ",
                  checkpoints.folder()));
    }
    return own;
  }

  /** The checkpoint that is asked for. A run is not set back to an earlier one than its own. */
  private static Checkpoint named(
      Path path, @Nullable Checkpoint own, RemoteFiles remote, Consumer<String> messages)
      throws IOException {
    var named = open("trainer.load_checkpoint_path", path, remote, messages);
    if (own != null && steps(own) > steps(named)) {
      throw UserException.usage(
          "trainer.load_checkpoint_path: %s has %s steps, and the run's own checkpoint %s is further. To go on from the earlier one, give another trainer.id."
              .formatted(named.folder(), steps(named), own.folder()));
    }
    return named;
  }

  private static int steps(Checkpoint checkpoint) {
    return checkpoint.info().progress().steps();
  }

  /**
   * The checkpoint in a folder, or the newest whole one of a run or of a folder of checkpoints.
   *
   * @param key that names the folder
   */
  static Checkpoint open(String key, Path path, RemoteFiles remote, Consumer<String> messages)
      throws IOException {
    if (!Files.isDirectory(path) && !remote.exists(path)) {
      throw UserException.inputFile(key + ": there is no folder " + path + ".");
    }
    var inRun = new Checkpoints(path.resolve(CheckpointerConfig.FOLDER), remote);
    var several = inRun.newestFirst().isEmpty() ? new Checkpoints(path, remote) : inRun;
    if (several.newestFirst().isEmpty()) {
      remote.fetch(path);
      try {
        return Checkpoint.open(path);
      } catch (DamagedCheckpointException e) {
        throw UserException.inputFile(
            key + ": " + path + " is no whole checkpoint: " + e.getMessage() + ".");
      }
    }
    return several
        .newestWhole(messages)
        .orElseThrow(
            () -> UserException.inputFile(key + ": " + path + " has no whole checkpoint."));
  }

  /** The configuration, with a run id. */
  TrainConfig config() {
    return config;
  }

  /** Finds the run's files. */
  Models models() {
    return models;
  }

  /** The run's folder. */
  RunFolder folder() {
    return folder;
  }

  /** Where the run's checkpoints are. */
  Checkpoints checkpoints() {
    return checkpoints(config, folder, models.files().buckets());
  }

  private static Checkpoints checkpoints(TrainConfig config, RunFolder folder, RemoteFiles remote) {
    var trainer = config.trainer();
    return new Checkpoints(trainer.checkpointer().folder(trainer.runId(), folder.path()), remote);
  }

  /** The step that is done first, from 0. */
  int firstStep() {
    return checkpoint == null ? 0 : steps(checkpoint);
  }

  /** Whether the run had begun before. */
  boolean isKnown() {
    return before != null;
  }

  /** The configuration that the run had before; null if it had not begun. */
  @Nullable TrainConfig before() {
    return before;
  }

  /** What to go on from; null to begin at the first step. */
  @Nullable Checkpoint checkpoint() {
    return checkpoint;
  }

  /**
   * The commit of the Hub's repository that the run began with, if it goes on with the same name;
   * null otherwise.
   */
  @Nullable String baseCommit() {
    if (checkpoint == null) {
      return null;
    }
    var run = checkpoint.info().run();
    var name = run.settings().path("model_name_or_path").asText();
    return name.equals(config.modelNameOrPath()) ? run.base().commit().orElse(null) : null;
  }

  /** How the run ended, in a sentence, if it did all its steps before. */
  public Optional<String> ended() {
    if (end == null) {
      return Optional.empty();
    }
    var saved = new ArrayList<String>();
    end.saved().forEach((kind, path) -> saved.add("the " + kind + " is in " + path));
    return Optional.of(
        "The run %s has ended after %s steps%s. There is nothing left to do."
            .formatted(
                end.id(), end.steps(), saved.isEmpty() ? "" : "; " + String.join(", ", saved)));
  }

  /**
   * The arguments of the command that goes on with this run.
   *
   * @param arguments of the command that began it
   */
  public List<String> resuming(List<String> arguments) {
    var all = new ArrayList<String>();
    for (var i = 0; i < arguments.size(); i++) {
      var argument = arguments.get(i);
      if (argument.equals(LOAD) && i + 1 < arguments.size()) {
        i++;
      } else if (!argument.startsWith(LOAD + "=")) {
        all.add(argument);
      }
    }
    var isInFile = all.size() == arguments.size();
    if (isInFile && Boolean.FALSE.equals(config.trainer().loadCheckpoint())) {
      all.add(LOAD + "=null");
    }
    if (all.stream().noneMatch(each -> each.matches("--trainer\\.id(=.*)?"))) {
      all.add("--trainer.id=" + config.trainer().runId());
    }
    return all;
  }

  /** Lets go of the folder. */
  @Override
  public void close() throws IOException {
    folder.close();
  }
}
