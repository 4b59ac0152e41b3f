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

/** A run that is not being trained: it can be reported, and told how its model was evaluated. */
public final class EvaluatedRun {
  private final Path folder;
  private final TrainConfig config;
  private final LocalFiles files;
  private final RunTrackers trackers;
  private final Consumer<String> messages;

  private EvaluatedRun(
      Path folder,
      TrainConfig config,
      LocalFiles files,
      RunTrackers trackers,
      Consumer<String> messages) {
    this.folder = folder;
    this.config = config;
    this.files = files;
    this.trackers = trackers;
    this.messages = messages;
  }

  /**
   * The run in a folder.
   *
   * @param name of the option or argument that gives it, for messages
   * @param files what paths stand for; remains the caller's
   * @param messages takes a line for whoever watches, from any thread
   * @throws UserException if there is none, or a process is training it
   */
  public static EvaluatedRun of(
      String name, Path folder, LocalFiles files, Consumer<String> messages) throws IOException {
    RunFolder.fetch(folder, files.buckets());
    var config = folder.resolve(RunFolder.CONFIG);
    if (!Files.exists(config) || LastMetrics.of(folder.resolve(RunFolder.METRICS)).isEmpty()) {
      throw UserException.inputFile(
          "%s: %s is not the folder of a run that has done a step.".formatted(name, folder));
    }
    if (RunLock.isTaken(folder)) {
      throw UserException.failed(
          "%s: %s: another process is writing this run. Wait for it.".formatted(name, folder));
    }
    var settings = TrainConfig.load(config, List.of(), files).withId(name(folder));
    var trackers = new RunTrackers(settings, folder, files, messages);
    return new EvaluatedRun(folder, settings, files, trackers, messages);
  }

  private static String name(Path folder) throws IOException {
    return String.valueOf(folder.toRealPath().getFileName());
  }

  /**
   * Writes the run's report from its files.
   *
   * @return where it is
   */
  public Path report() throws IOException {
    try (var run = RunFolder.open(folder)) {
      var tracker = RunTrackers.report(folder, config.toJson(files), Integer.MAX_VALUE);
      if (run.ended(messages).isPresent()) {
        tracker.ended();
      }
      tracker.close();
      run.publish(files.buckets());
    }
    return folder.resolve(RunFolder.REPORT);
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
