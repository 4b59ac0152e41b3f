package org.bayu.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.io.StagedPath;
import org.bayu.train.NonFiniteException;
import org.bayu.train.TrainListener;
import org.bayu.train.TrainSettings;
import org.bayu.train.TrainState;
import org.bayu.train.TrainingStep;
import org.bayu.train.checkpoint.CheckpointPolicy.Keep;
import org.bayu.train.finetune.TinyRun;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** When checkpoints are written and deleted, by a clock that the test moves. */
class CheckpointerTest {
  private static final int STEPS = 100;

  @TempDir private Path temporary;
  private Checkpoints checkpoints;
  private Path request;
  private TinyRun tiny;
  private TrainState state;
  private final List<String> messages = new ArrayList<>();
  private final List<Double> seconds = new ArrayList<>();
  private RemoteFiles remote = RemoteFiles.NONE;
  private int writes;
  private long now;
  private Duration writeTime = Duration.ZERO;

  @BeforeEach
  void prepare() throws IOException {
    checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    request = temporary.resolve("checkpoint-now");
    tiny =
        new TinyRun(
            TinyRun.model(temporary.resolve("model")),
            TinyRun.lora(0),
            TrainSettings.of(STEPS, 4, 1e-2),
            1);
    state = tiny.tuning.state();
  }

  @AfterEach
  void close() throws IOException {
    tiny.close();
  }

  private Checkpointer checkpointer(Duration interval, Keep... keep) throws IOException {
    var checkpointer =
        new Checkpointer(
            checkpoints,
            state,
            tiny.description(),
            new CheckpointPolicy(interval, List.of(keep)),
            request,
            new Checkpointer.Surroundings(messages::add, this::writing, seconds::add, remote),
            () -> now);
    checkpointer.started(new TrainListener.Start(state.steps(), STEPS, 1, 1));
    return checkpointer;
  }

  /** A checkpoint takes its time. */
  private void writing() {
    writes++;
    now += writeTime.toNanos();
  }

  private void restore(int done) {
    state.restore(new TrainState.Progress(done, 0, 0, 0, null), done);
  }

  /** Some seconds later a step is done. */
  private void step(Checkpointer checkpointer, int done, long secondsLater) {
    now += TimeUnit.SECONDS.toNanos(secondsLater);
    restore(done);
    checkpointer.stepEnds(done);
  }

  private List<String> names() throws IOException {
    try (var entries = Files.list(checkpoints.folder())) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void temporaryOnesAreWrittenByTimeAndOnlyTheNewestStays() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    step(checkpointer, 1, 59);
    assertFalse(Files.exists(checkpoints.folder()));
    step(checkpointer, 2, 1);
    assertEquals(List.of("step-2"), names());
    step(checkpointer, 3, 59);
    assertEquals(List.of("step-2"), names());
    step(checkpointer, 4, 1);
    assertEquals(List.of("step-4"), names());
    assertEquals(4, Checkpoint.open(checkpoints.path(4)).info().progress().steps());
    assertEquals(List.of(), messages);
    assertEquals(2, seconds.size());
  }

  @Test
  void thoseThatARuleKeepsStay() throws IOException {
    var checkpointer = checkpointer(Duration.ofDays(1), new Keep(2, 4), new Keep(5, null));
    for (var done = 1; done <= 15; done++) {
      step(checkpointer, done, 1);
    }
    assertEquals(List.of("step-10", "step-15", "step-2", "step-4", "step-5"), names());
    assertTrue(Checkpoint.open(checkpoints.path(10)).info().kept());
  }

  /** As long as the newest one is not elsewhere, the one before stays there. */
  @Test
  void anOlderOneIsDeletedElsewhereWhenTheNewerOneIsThere() throws IOException {
    var fake = new FakeRemote(temporary);
    remote = fake;
    var checkpointer = checkpointer(Duration.ofSeconds(60), new Keep(3, null));
    step(checkpointer, 1, 60);
    assertEquals(List.of("step-1"), fake.names());
    step(checkpointer, 2, 60);
    assertEquals(List.of("step-2"), fake.names());
    fake.fails(true);
    step(checkpointer, 3, 60);
    step(checkpointer, 4, 60);
    step(checkpointer, 5, 60);
    assertEquals(List.of("step-2"), fake.names());
    assertEquals(List.of("step-3", "step-5"), names());
    assertEquals(
        "The newest checkpoint is kept here only: there: cannot be written (the network is down)."
            + " It is tried again with the next.",
        messages.getLast());
    assertEquals(3, checkpointer.unpublished().size());
    fake.fails(false);
    restore(STEPS);
    checkpointer.last();
    assertEquals(List.of("step-" + STEPS, "step-3"), fake.names());
    assertEquals(List.of(), checkpointer.unpublished());

    // A process that was killed before it brought one away leaves that to the next.
    fake.published.clear();
    checkpointer = checkpointer(Duration.ofSeconds(60));
    checkpointer.last();
    assertEquals(List.of("step-" + STEPS, "step-3"), fake.names());
  }

  @Test
  void aKeptOneReplacesTheTemporaryOneBeforeIt() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60), new Keep(3, null));
    step(checkpointer, 2, 60);
    step(checkpointer, 3, 1);
    assertEquals(List.of("step-3"), names());
    step(checkpointer, 4, 60);
    step(checkpointer, 5, 60);
    assertEquals(List.of("step-3", "step-5"), names());
  }

  @Test
  void oneOnDemandIsKeptAndTheRequestDeleted() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    Files.createFile(request);
    step(checkpointer, 1, 1);
    assertFalse(Files.exists(request));
    assertEquals(
        List.of("Wrote the checkpoint " + checkpoints.path(1) + ", as asked for."), messages);
    step(checkpointer, 2, 1);
    step(checkpointer, 3, 60);
    assertEquals(List.of("step-1", "step-3"), names());
    assertTrue(Checkpoint.open(checkpoints.path(1)).info().kept());
  }

  @Test
  void theIntervalGrowsToFiftyTimesWhatACheckpointTakesAndThatIsSaidOnce() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    writeTime = Duration.ofSeconds(2);
    step(checkpointer, 1, 60);
    assertEquals(List.of(2.0), seconds);
    assertEquals(1, messages.size());
    assertTrue(
        messages
            .getFirst()
            .matches("A checkpoint takes 2\\.0 s: there will be one every 100 s, not every 60, .*"),
        messages::getFirst);
    step(checkpointer, 2, 99);
    assertEquals(List.of("step-1"), names());
    writeTime = Duration.ofSeconds(3);
    step(checkpointer, 3, 1);
    assertEquals(List.of("step-3"), names());
    step(checkpointer, 4, 149);
    step(checkpointer, 5, 1);
    assertEquals(List.of("step-5"), names());
    assertEquals(1, messages.size());
  }

  @Test
  void keptOnesDoNotMakeTheIntervalGrow() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60), new Keep(1, null));
    writeTime = Duration.ofSeconds(30);
    step(checkpointer, 1, 1);
    step(checkpointer, 2, 1);
    assertEquals(List.of("step-1", "step-2"), names());
    assertEquals(List.of(), messages);
  }

  @Test
  void aWriteThatFailsIsAWarningAndTriedAgainAfterAMinute() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60), new Keep(2, null));
    step(checkpointer, 1, 60);
    var obstacle = Files.writeString(checkpoints.path(2), "a file");
    step(checkpointer, 2, 1);
    assertEquals(1, messages.size());
    assertTrue(
        messages
            .getFirst()
            .matches(
                ".*: the checkpoint after step 2 could not be written \\(.*\\)\\. The newest"
                    + " checkpoint is .*step-1\\. Training goes on, and it is tried again\\."),
        messages::getFirst);
    step(checkpointer, 3, 59);
    assertEquals(List.of("step-1", "step-2"), names());
    Files.delete(obstacle);
    step(checkpointer, 4, 1);
    assertEquals(List.of("step-4"), names());
    assertTrue(Checkpoint.open(checkpoints.path(4)).info().kept());
    assertEquals(1, messages.size());
  }

  @Test
  void aFailureKeepsARequestUntilItIsMet() throws IOException {
    Files.writeString(checkpoints.folder(), "a file");
    var checkpointer = checkpointer(Duration.ofDays(1));
    Files.createFile(request);
    step(checkpointer, 1, 1);
    assertTrue(Files.exists(request));
    assertTrue(messages.getFirst().contains("There is no checkpoint yet."), messages::getFirst);
    Files.delete(checkpoints.folder());
    step(checkpointer, 2, 60);
    assertFalse(Files.exists(request));
    assertEquals(List.of("step-2"), names());
  }

  @Test
  void theLastOneIsKept() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    step(checkpointer, STEPS - 1, 60);
    step(checkpointer, STEPS, 60);
    assertEquals(List.of("step-99"), names());
    assertEquals(checkpoints.path(STEPS), checkpointer.last());
    assertEquals(List.of("step-100"), names());
    assertTrue(Checkpoint.open(checkpoints.path(STEPS)).info().kept());
  }

  @Test
  void aTemporaryOneOfTheLastStepIsMadeAKeptOne() throws IOException {
    Checkpoint.write(stepPath(STEPS), state, tiny.description(), false);
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    checkpointer.last();
    assertTrue(Checkpoint.open(checkpoints.path(STEPS)).info().kept());
    assertEquals(1, writes);
    assertEquals(checkpoints.path(STEPS), checkpointer.last());
    assertEquals(1, writes, "it is there and kept");
  }

  private Path stepPath(int done) {
    restore(done);
    return checkpoints.path(done);
  }

  @Test
  void afterAResumeTheTemporaryOneGoesWhenTheNextIsWhole() throws IOException {
    Checkpoint.write(stepPath(1), state, tiny.description(), true);
    Checkpoint.write(stepPath(2), state, tiny.description(), false);
    Checkpoint.write(stepPath(3), state, tiny.description(), false);
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    assertEquals(List.of("step-1", "step-2", "step-3"), names());
    step(checkpointer, 4, 60);
    assertEquals(List.of("step-1", "step-4"), names());
  }

  @Test
  void whatKilledProcessesLeftIsRemovedAtTheStart() throws IOException {
    Files.createDirectories(checkpoints.folder());
    var left = Files.createDirectory(checkpoints.folder().resolve(".bayu-0123.tmp"));
    Files.writeString(left.resolve("parameters.safetensors"), "half");
    var foreign = Files.createDirectory(checkpoints.folder().resolve(".other"));
    var half = Files.createDirectory(checkpoints.path(7));
    Files.writeString(checkpoints.folder().resolve(".bayu-0123.lock"), thisMachines(left));
    checkpointer(Duration.ofSeconds(60));
    assertEquals(List.of(foreign.getFileName().toString(), half.getFileName().toString()), names());
  }

  /** What a lock says, read from one that is held now. */
  private String thisMachines(Path staged) throws IOException {
    try (var _ = StagedPath.folder(checkpoints.path(50));
        var entries = Files.newDirectoryStream(staged.getParent(), "*.lock")) {
      return Files.readString(entries.iterator().next());
    }
  }

  /** The weights of a run may be destroyed by the step before one that has no finite loss. */
  @Test
  void whileUpdatesAreSkippedTheCheckpointBeforeStays() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60), new Keep(3, null));
    step(checkpointer, 1, 60);
    for (var done = 2; done <= 4; done++) {
      now += TimeUnit.SECONDS.toNanos(60);
      state.restore(new TrainState.Progress(done, 0, done - 1, done - 1, null), 1);
      checkpointer.stepEnds(done);
      assertEquals(List.of("step-1"), names());
    }
    state.restore(new TrainState.Progress(5, 0, 3, 0, null), 2);
    checkpointer.stepEnds(5);
    assertEquals(List.of("step-5"), names());
    assertTrue(Checkpoint.open(checkpoints.path(5)).info().kept(), "the one of step 3 was owed");
  }

  @Test
  void weightsThatAreNoNumbersReplaceNothing() throws IOException {
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    step(checkpointer, 1, 60);
    state.parameters().getFirst().value().setFloat(0, Float.NaN);
    var e = assertThrows(NonFiniteException.class, () -> step(checkpointer, 2, 60));
    var name = state.parameters().getFirst().name();
    assertEquals("step 1: after its update tensor " + name + " holds NaN", e.getMessage());
    assertEquals(List.of("step-1"), names());
    assertEquals(
        Optional.of(checkpoints.path(1)), checkpointer.writeInTime(Duration.ofSeconds(20)));
  }

  @Test
  void atTheEndOfTheProcessAnUnwrittenStateIsWritten() throws IOException {
    var checkpointer = checkpointer(Duration.ofDays(1));
    assertEquals(Optional.empty(), checkpointer.writeInTime(Duration.ofSeconds(20)));
    restore(3);
    for (var time = 0; time < 2; time++) {
      assertEquals(
          Optional.of(checkpoints.path(3)), checkpointer.writeInTime(Duration.ofSeconds(20)));
    }
    assertEquals(1, writes);
    assertFalse(Checkpoint.open(checkpoints.path(3)).info().kept());
    Files.writeString(checkpoints.path(4), "a file");
    restore(4);
    assertEquals(
        Optional.of(checkpoints.path(3)), checkpointer.writeInTime(Duration.ofSeconds(20)));
    assertTrue(messages.getLast().contains("the state could not be written ("), messages::getLast);
  }

  /** A run that passed over damaged checkpoints comes to their steps again, and replaces them. */
  @Test
  void damagedOnesOfLaterStepsAreNotTheNewestAndAreReplaced() throws IOException {
    Checkpoint.write(stepPath(STEPS), state, tiny.description(), true);
    Checkpoint.write(stepPath(3), state, tiny.description(), true);
    for (var done : List.of(STEPS, 3)) {
      Files.writeString(checkpoints.path(done).resolve("parameters.safetensors"), "damaged");
    }
    Checkpoint.write(stepPath(2), state, tiny.description(), false);
    var checkpointer = checkpointer(Duration.ofSeconds(60));
    assertEquals("The newest checkpoint is " + checkpoints.path(2) + ".", checkpointer.account());
    restore(3);
    assertEquals(
        Optional.of(checkpoints.path(3)), checkpointer.writeInTime(Duration.ofSeconds(20)));
    assertEquals(3, Checkpoint.open(checkpoints.path(3)).info().progress().steps());
    restore(STEPS);
    checkpointer.last();
    assertEquals(STEPS, Checkpoint.open(checkpoints.path(STEPS)).info().progress().steps());
  }

  @Test
  void aResultThatWasNotReportedGoesThroughTheFile() throws IOException {
    var result = new TrainingStep.Result(Double.NaN, Double.POSITIVE_INFINITY, 7, 5, 2, "a reason");
    var progress = new TrainState.Progress(9, 63, 4, 1, result);
    state.restore(progress, 5);
    Checkpoint.write(checkpoints.path(9), state, tiny.description(), false);
    var info = Checkpoint.open(checkpoints.path(9)).info();
    assertEquals(progress, info.progress());
    assertEquals(5, info.updates());
    assertEquals(tiny.description(), info.run());
  }
}
