package org.bayu.finetune.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.train.track.Tracking;

/** A run whose trackers are told how its model was evaluated. */
public final class EvaluatedRun {
  private final Path folder;
  private final LocalFiles files;
  private final RunTrackers trackers;
  private final Consumer<String> messages;

  private EvaluatedRun(
      Path folder, LocalFiles files, RunTrackers trackers, Consumer<String> messages) {
    this.folder = folder;
    this.files = files;
    this.trackers = trackers;
    this.messages = messages;
  }

  /**
   * The run in a folder.
   *
   * @param files what paths stand for; remains the caller's
   * @param messages takes a line for whoever watches, from any thread
   * @throws UserException if there is none, or a process is training it
   */
  public static EvaluatedRun of(Path folder, LocalFiles files, Consumer<String> messages)
      throws IOException {
    RunFolder.fetch(folder, files.buckets());
    var config = folder.resolve(RunFolder.CONFIG);
    if (!Files.exists(config) || LastMetrics.of(folder.resolve(RunFolder.METRICS)).isEmpty()) {
      throw UserException.inputFile(
          "--run: %s is not the folder of a run that has done a step.".formatted(folder));
    }
    if (RunLock.isTaken(folder)) {
      throw UserException.failed(
          "--run: %s: another process is writing this run. Wait for it, or leave --run out."
              .formatted(folder));
    }
    var trainer = TrainConfig.load(config, List.of(), files).withId(name(folder)).trainer();
    var trackers = new RunTrackers(trainer, folder, files, messages);
    return new EvaluatedRun(folder, files, trackers, messages);
  }

  private static String name(Path folder) throws IOException {
    return String.valueOf(folder.toRealPath().getFileName());
  }

  /**
   * Opens the run's trackers, and closes them again. What they had of an earlier evaluation is
   * replaced.
   *
   * @param evaluation passes on what they are told
   */
  public void add(Consumer<Tracking> evaluation) throws IOException {
    try (var run = RunFolder.open(folder)) {
      var last = LastMetrics.of(run.metricsFile());
      if (last.isEmpty()) {
        return; // it was there before
      }
      try (var tracking = new Tracking(trackers.open(last.get().done()), 0, messages)) {
        evaluation.accept(tracking);
        if (run.ended(messages).isPresent()) {
          tracking.ended();
        }
      }
      run.publish(files.buckets());
    } catch (UserException e) {
      messages.accept("The run is not told of the evaluation. " + e.getMessage());
    }
  }
}
