package org.bayu.train.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.train.StepReport;
import org.bayu.train.TrainListener;
import org.bayu.train.TrainSettings;
import org.bayu.train.checkpoint.CheckpointPolicy.Keep;
import org.bayu.train.finetune.TinyRun;
import org.bayu.train.track.JsonLinesTracker;
import org.bayu.train.track.Tracking;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many steps with a checkpoint every 20: memory and open files do not grow, and the folder has what
 * the policy says. 5,000 steps with the profile {@code stress}, else 200.
 */
class LongRunTest {
  private static final int STEPS = Integer.getInteger("bayu.stressSeconds", 4) > 60 ? 5000 : 200;
  private static final int EVERY = STEPS / 5;

  @TempDir private Path temporary;
  private final List<String> messages = new ArrayList<>();

  /**
   * What the process holds.
   *
   * @param heap bytes after a garbage collection
   * @param resident bytes of the process; 0 where the system does not say
   * @param files open
   */
  private record Held(long heap, long resident, long files) {
    static Held now() throws IOException {
      System.gc();
      var runtime = Runtime.getRuntime();
      return new Held(runtime.totalMemory() - runtime.freeMemory(), residentBytes(), openFiles());
    }

    private static long residentBytes() throws IOException {
      var status = Path.of("/proc/self/status");
      if (Files.notExists(status)) {
        return 0;
      }
      try (var lines = Files.lines(status)) {
        return lines
            .filter(line -> line.startsWith("VmRSS:"))
            .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
            .sum();
      }
    }

    private static long openFiles() throws IOException {
      var descriptors = Path.of("/proc/self/fd");
      if (Files.notExists(descriptors)) {
        return 0;
      }
      try (var all = Files.list(descriptors)) {
        return all.count();
      }
    }
  }

  @Test
  void memoryIsFlatAndTheFilesAreThePolicys() throws IOException {
    var checkpoints = new Checkpoints(temporary.resolve("checkpoints"));
    var metrics = temporary.resolve("metrics.jsonl");
    var held = new ArrayList<Held>();
    try (var tiny =
            new TinyRun(
                TinyRun.model(temporary.resolve("model")),
                TinyRun.lora(0),
                TrainSettings.of(STEPS, 2, 1e-3),
                1);
        var tracking = new Tracking(List.of(JsonLinesTracker.create(metrics)), 0, messages::add)) {
      var state = tiny.tuning.state();
      var trainer = tiny.tuning.trainer();
      trainer.listen(tracking);
      var checkpointer =
          new Checkpointer(
              checkpoints,
              state,
              tiny.description(),
              new CheckpointPolicy(Duration.ofSeconds(20), List.of(new Keep(EVERY, null))),
              temporary.resolve("checkpoint-now"),
              new Checkpointer.Surroundings(
                  messages::add, tracking::sync, _ -> {}, RemoteFiles.NONE),
              () -> TimeUnit.SECONDS.toNanos(state.steps())); // a step is a second
      trainer.listen(checkpointer);
      trainer.listen(new Holding(held));
      trainer.run();
      checkpointer.last();
    }
    assertEquals(List.of(), messages);
    assertEquals(5, held.size());
    assertEquals(expected(), names(checkpoints.folder()));
    for (var name : expected()) {
      assertTrue(Checkpoint.open(checkpoints.folder().resolve(name)).info().kept(), name);
    }
    assertEquals(STEPS, Files.readAllLines(metrics).size());
    var first = held.getFirst();
    var last = held.getLast();
    assertEquals(first.files, last.files, held::toString);
    assertTrue(last.heap < first.heap + (4 << 20), held::toString);
    assertTrue(last.resident < first.resident + (64 << 20), held::toString);
    System.out.println(STEPS + " steps: " + held);
  }

  /** Takes a look after each fifth of the steps. */
  private record Holding(List<Held> held) implements TrainListener {
    @Override
    public void step(StepReport report) {}

    @Override
    public void stepEnds(int done) throws IOException {
      if (done % EVERY == 0) {
        held.add(Held.now());
      }
    }
  }

  private static List<String> expected() {
    return IntStream.rangeClosed(1, 5).mapToObj(i -> "step-" + i * EVERY).sorted().toList();
  }

  private static List<String> names(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
