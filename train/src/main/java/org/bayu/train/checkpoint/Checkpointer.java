package org.bayu.train.checkpoint;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import org.bayu.tensor.io.NonFiniteTensorException;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.NonFiniteException;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.TrainState;
import org.bayu.train.files.CleanEnd;
import org.bayu.train.files.OutputFolder;
import org.jspecify.annotations.Nullable;

/**
 * Writes a run's checkpoints while it trains: temporary ones by time, kept ones by step and on
 * demand. One that cannot be written is reported and tried again, and training continues.
 *
 * <p>Add it as the last listener. Not thread-safe, except {@link #writeInTime}.
 */
public final class Checkpointer implements TrainListener {
  /** The largest share of a run's time that temporary checkpoints may take. */
  private static final double LARGEST_SHARE = 0.02;

  /** How soon a checkpoint that could not be written is tried again. */
  private static final Duration RETRY = Duration.ofMinutes(1);

  private final Checkpoints checkpoints;
  private final TrainState state;
  private final RunDescription run;
  private final CheckpointPolicy policy;
  private final @Nullable Path request;
  private final Surroundings surroundings;
  private final LongSupplier nanoTime;
  private final ReentrantLock writing = new ReentrantLock();
  private final List<Path> temporary = new ArrayList<>();
  private final Publication publication;
  private final WritingRate rate;
  private Duration interval;
  private long lastWritten;
  private long notBefore;
  private int steps;
  private boolean owesKept;
  private @Nullable Path newest;

  /**
   * What a checkpointer needs of the program around it.
   *
   * @param messages takes lines for the user
   * @param before is run before each checkpoint, to bring what belongs to the same steps to the
   *     disk
   * @param seconds takes the time of each checkpoint between two steps
   * @param remote where the folder of the checkpoints may stand for one elsewhere: a checkpoint is
   *     published when it is whole, and an older one deleted there after that
   */
  public record Surroundings(
      Consumer<String> messages, Runnable before, DoubleConsumer seconds, RemoteFiles remote) {
    /** Messages alone. */
    public Surroundings(Consumer<String> messages) {
      this(messages, () -> {}, _ -> {}, RemoteFiles.NONE);
    }
  }

  /**
   * Checkpoints of {@code state}.
   *
   * @param run what the checkpoints say of the run
   * @param request a file whose existence asks for a checkpoint, which is kept; the file is deleted
   *     when it is written. Null for none
   */
  public Checkpointer(
      Checkpoints checkpoints,
      TrainState state,
      RunDescription run,
      CheckpointPolicy policy,
      @Nullable Path request,
      Surroundings surroundings) {
    this(checkpoints, state, run, policy, request, surroundings, System::nanoTime);
  }

  Checkpointer(
      Checkpoints checkpoints,
      TrainState state,
      RunDescription run,
      CheckpointPolicy policy,
      @Nullable Path request,
      Surroundings surroundings,
      LongSupplier nanoTime) {
    this.checkpoints = checkpoints;
    this.state = state;
    this.run = run;
    this.policy = policy;
    this.request = request;
    this.surroundings = surroundings;
    this.nanoTime = nanoTime;
    publication = new Publication(surroundings.remote, surroundings.messages);
    rate = new WritingRate(checkpoints.folder());
    interval = policy.interval();
  }

  /** A line about where the checkpoints go, what they take and what is free there. */
  public String outlook() {
    var bytes = Checkpoint.bytes(state);
    var line =
        String.format(
            Locale.ROOT,
            "Checkpoints in %s: up to %s each, a temporary one every %d s.",
            checkpoints.folder(),
            SaveSpace.bytes(bytes),
            interval.toSeconds());
    var room = FreeSpace.ofThisMachine().at(checkpoints.folder());
    // While one is written the one before is still there.
    return room.isEmpty() || room.get().freeBytes() >= 2 * bytes
        ? line
        : line
            + " Only "
            + SaveSpace.bytes(room.get().freeBytes())
            + " are free there, too little for two.";
  }

  /** Takes over the checkpoints that are there: the temporary ones are deleted after the next. */
  @Override
  public void started(Start start) throws IOException {
    steps = start.steps();
    lastWritten = nanoTime.getAsLong();
    notBefore = lastWritten;
    removeLeftovers();
    var published = surroundings.remote.list(checkpoints.folder());
    for (var path : checkpoints.newestFirst()) {
      if (Files.exists(path) && (newest == null || !published.contains(path))) {
        publication.add(path);
      }
      try {
        if (!Checkpoint.isKept(path)) {
          temporary.add(path);
        }
        // A later one is damaged, or the run would go on from there.
        if (newest == null && Checkpoints.steps(path) <= state.steps()) {
          newest = path;
        }
      } catch (DamagedCheckpointException e) {
        // Whoever looked for the newest whole one has said so.
      }
    }
  }

  private void removeLeftovers() {
    if (Files.isDirectory(checkpoints.folder())) {
      try {
        StagedPath.removeAllLeftovers(checkpoints.folder());
      } catch (IOException e) {
        surroundings.messages.accept(
            checkpoints.folder()
                + ": what a killed process left there could not be deleted ("
                + OutputFolder.reason(e)
                + ").");
      }
    }
  }

  @Override
  public void step(StepReport report) {}

  @Override
  public void stepEnds(int done) {
    if (done == steps) {
      return; // the last one is the caller's
    }
    var asked = request != null && Files.exists(request);
    owesKept |= asked || policy.keeps(done);
    if (state.progress().consecutiveSkips() > 0) {
      return; // the weights may be destroyed, and the checkpoint before them may be the last good
      // one
    }
    var now = nanoTime.getAsLong();
    if (now < notBefore || (!owesKept && now - lastWritten < interval.toNanos())) {
      return;
    }
    try {
      surroundings.seconds.accept(write(done, owesKept));
      owesKept = false;
      if (asked) {
        Files.deleteIfExists(request);
        surroundings.messages.accept("Wrote the checkpoint " + newest + ", as asked for.");
      }
    } catch (IOException e) {
      notBefore = nanoTime.getAsLong() + RETRY.toNanos();
      surroundings.messages.accept(
          String.format(
              Locale.ROOT,
              "%s: the checkpoint after step %d could not be written (%s). %s Training goes on, and"
                  + " it is tried again.",
              checkpoints.folder(),
              done,
              OutputFolder.reason(e),
              account()));
    }
  }

  /** A sentence about the newest checkpoint. */
  public String account() {
    return newest == null
        ? "There is no checkpoint yet."
        : "The newest checkpoint is " + newest + ".";
  }

  /**
   * Writes the checkpoint at the end of a run, which is kept.
   *
   * @return the newest checkpoint, which holds the final state
   * @throws IOException if it cannot be written
   * @throws NonFiniteException if a parameter is infinite or no number
   */
  public Path last() throws IOException {
    var done = state.steps();
    var path = checkpoints.path(done);
    if (!path.equals(newest) || temporary.contains(path)) {
      var _ = write(done, true);
    }
    publication.publish();
    return path;
  }

  /**
   * Writes a temporary checkpoint if that takes no longer than {@code limit}, at the rate of the
   * disk. For the end of the process: may be called from any thread once the state is frozen, and
   * waits for a checkpoint that is being written.
   *
   * @return the newest checkpoint; empty if there is none
   */
  public Optional<Path> writeInTime(Duration limit) {
    try {
      if (!writing.tryLock(limit.toMillis(), TimeUnit.MILLISECONDS)) {
        return Optional.ofNullable(newest);
      }
      try {
        var path = checkpoints.path(state.steps());
        if (state.steps() > 0 && !path.equals(newest) && canWriteNow() && takesAtMost(limit)) {
          var _ = write(state.steps(), false);
        }
      } finally {
        writing.unlock();
      }
    } catch (IOException e) {
      surroundings.messages.accept(
          checkpoints.folder()
              + ": the state could not be written ("
              + OutputFolder.reason(e)
              + ").");
    } catch (NonFiniteException e) {
      surroundings.messages.accept(e.getMessage() + ". That state is not written.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return Optional.ofNullable(newest);
  }

  /** What other processes hold can only be asked for where they expect it. */
  private boolean canWriteNow() {
    var canAsk = !state.isDivided() || state.isStopped();
    if (!canAsk) {
      surroundings.messages.accept(
          "The state after the last step is divided among the processes, and is not written now.");
    }
    return canAsk;
  }

  private boolean takesAtMost(Duration limit) throws IOException {
    var bytes = Checkpoint.bytes(state);
    var seconds = rate.seconds(bytes);
    if (seconds <= limit.toSeconds()) {
      return true;
    }
    surroundings.messages.accept(
        String.format(
            Locale.ROOT,
            "Writing the state would take about %.0f s, which is too long now.",
            seconds));
    return false;
  }

  /** Writes a checkpoint; returns the seconds that it took. */
  private double write(int done, boolean kept) throws IOException {
    writing.lock();
    try {
      var start = nanoTime.getAsLong();
      surroundings.before.run();
      var path = checkpoints.path(done);
      writeWhole(path, kept);
      newest = path;
      deleteTemporary(path);
      if (!kept) {
        temporary.add(path);
      }
      publication.add(path);
      publication.publish();
      lastWritten = nanoTime.getAsLong();
      var seconds = (lastWritten - start) * 1e-9;
      rate.measured(Checkpoint.bytes(state), seconds);
      if (!kept) {
        slowDown(seconds);
      }
      return seconds;
    } finally {
      writing.unlock();
    }
  }

  private void writeWhole(Path path, boolean kept) throws IOException {
    try {
      CleanEnd.run(() -> Checkpoint.write(path, state, run, kept));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (NonFiniteTensorException e) {
      throw new NonFiniteException(state.steps() - 1L, "after its update " + e.getMessage());
    }
  }

  /** The checkpoints that are here and could not be published. */
  public List<Path> unpublished() {
    return publication.missing();
  }

  private void deleteTemporary(Path written) {
    for (var old : temporary) {
      try {
        publication.supersede(old);
        if (!old.equals(written) && Files.exists(old)) {
          StagedPath.delete(old);
        }
      } catch (IOException e) {
        surroundings.messages.accept(
            old + ": this old checkpoint could not be deleted (" + OutputFolder.reason(e) + ").");
      }
    }
    temporary.clear();
  }

  private void slowDown(double seconds) {
    var least = Duration.ofMillis((long) (1000 * seconds / LARGEST_SHARE));
    if (least.compareTo(interval) <= 0) {
      return;
    }
    if (interval.equals(policy.interval())) {
      surroundings.messages.accept(
          String.format(
              Locale.ROOT,
              "A checkpoint takes %.1f s: there will be one every %d s, not every %d, so that they"
                  + " take at most %.0f %% of the time.",
              seconds,
              least.toSeconds(),
              interval.toSeconds(),
              100 * LARGEST_SHARE));
    }
    interval = least;
  }
}
