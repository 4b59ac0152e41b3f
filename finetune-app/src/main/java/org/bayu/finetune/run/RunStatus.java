package org.bayu.finetune.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.train.checkpoint.CheckpointInfo;
import org.bayu.train.checkpoint.Checkpoints;

/**
 * How far a run has come.
 *
 * @param id its name, that of its folder
 * @param state what it is doing
 * @param done steps that it has done, as its metrics say
 * @param steps of the whole run; none if its configuration cannot be read
 * @param loss of the last step that its metrics have; none before the first
 * @param checkpoints how many it can go on from
 * @param checkpointBytes the size of all of them
 * @param newestCheckpoint the steps that were done in the newest of them
 * @param changed when the last of its files was written
 */
public record RunStatus(
    String id,
    State state,
    int done,
    OptionalInt steps,
    Optional<Double> loss,
    int checkpoints,
    long checkpointBytes,
    OptionalInt newestCheckpoint,
    Instant changed) {

  /** What a run is doing. */
  public enum State {
    /** A process is writing it. */
    RUNNING("running"),
    /** It has done all its steps. */
    ENDED("ended"),
    /** It can go on from a checkpoint. */
    RESUMABLE("resumable"),
    /** It has not ended, and has no checkpoint. */
    NO_CHECKPOINT("no checkpoint"),
    /** Its configuration cannot be read. */
    UNREADABLE("unreadable");

    private final String words;

    State(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  /**
   * The runs of an output folder, or the one that the folder itself is of.
   *
   * @param files what paths stand for
   * @param messages takes a line for each damaged {@code run.json}
   * @return the runs in the order of their last change
   */
  public static List<RunStatus> of(Path folder, LocalFiles files, Consumer<String> messages)
      throws IOException {
    UnfinishedRuns.fetch(folder, files.buckets());
    var folders =
        Files.isRegularFile(folder.resolve(RunFolder.CONFIG))
            ? List.of(folder.toRealPath())
            : UnfinishedRuns.folders(folder);
    var runs = new ArrayList<RunStatus>();
    for (var each : folders) {
      runs.add(ofRun(each, files, messages));
    }
    runs.sort(Comparator.comparing(RunStatus::changed));
    return runs;
  }

  private static RunStatus ofRun(Path folder, LocalFiles files, Consumer<String> messages)
      throws IOException {
    var id = String.valueOf(folder.getFileName());
    var config = config(folder, files);
    var steps = config.map(c -> OptionalInt.of(c.trainer().numTrainSteps()));
    var place = config.map(c -> c.trainer().checkpointer().folder(id, folder));
    var checkpoints =
        place.isPresent() ? checkpoints(place.get(), files.buckets()) : List.<Path>of();
    var end = RunEnd.read(folder, messages);
    var last = LastMetrics.of(folder.resolve(RunFolder.METRICS));
    var done = last.map(LastMetrics::done).or(() -> end.map(RunEnd::steps)).orElse(0);
    var isEnded =
        end.isPresent() && steps.isPresent() && end.get().steps() >= steps.get().getAsInt();
    State state;
    if (RunLock.isTaken(folder)) {
      state = State.RUNNING;
    } else if (config.isEmpty()) {
      state = State.UNREADABLE;
    } else if (isEnded) {
      state = State.ENDED;
    } else {
      state = checkpoints.isEmpty() ? State.NO_CHECKPOINT : State.RESUMABLE;
    }
    var bytes = 0L;
    for (var checkpoint : checkpoints) {
      bytes += bytes(checkpoint);
    }
    return new RunStatus(
        id,
        state,
        done,
        steps.orElse(OptionalInt.empty()),
        last.map(LastMetrics::loss),
        checkpoints.size(),
        bytes,
        checkpoints.stream().mapToInt(Checkpoints::steps).findFirst(),
        changed(folder, checkpoints));
  }

  private static Optional<TrainConfig> config(Path folder, LocalFiles files) {
    try {
      return Optional.of(TrainConfig.load(folder.resolve(RunFolder.CONFIG), List.of(), files));
    } catch (IOException | UserException e) {
      return Optional.empty();
    }
  }

  /** The newest first. */
  private static List<Path> checkpoints(Path folder, RemoteFiles remote) throws IOException {
    var elsewhere = remote.list(folder);
    return new Checkpoints(folder, remote)
        .newestFirst().stream()
            .filter(
                each ->
                    elsewhere.contains(each)
                        || Files.isRegularFile(each.resolve(CheckpointInfo.FILE_NAME)))
            .toList();
  }

  /** The size of a folder's files; those that are being removed meanwhile count as nothing. */
  private static long bytes(Path folder) throws IOException {
    var bytes = 0L;
    try (var files = Files.list(folder)) {
      for (var file : (Iterable<Path>) files::iterator) {
        bytes += Files.size(file);
      }
    } catch (NoSuchFileException e) {
      return bytes;
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return bytes;
  }

  private static Instant changed(Path folder, List<Path> checkpoints) throws IOException {
    var last = FileTime.from(Instant.EPOCH);
    var paths = new ArrayList<>(checkpoints);
    for (var name : List.of(RunFolder.CONFIG, RunFolder.METRICS, RunEnd.FILE)) {
      paths.add(folder.resolve(name));
    }
    for (var path : paths) {
      if (Files.exists(path)) {
        var time = Files.getLastModifiedTime(path);
        last = time.compareTo(last) > 0 ? time : last;
      }
    }
    return last.toInstant();
  }
}
