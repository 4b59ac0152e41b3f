package org.bayu.finetune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.bayu.finetune.error.ExitCode;
import org.bayu.tensor.io.Sha256;
import org.bayu.tensor.io.StagedPath;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills short runs at random moments and starts the same command again until it ends: everything
 * saved and every number of the metrics must be that of the undisturbed run.
 *
 * <p>{@code -Dbayu.kills} (2 kills; 200 with {@code -Pstress}) and {@code -Dbayu.seed} choose how
 * many and when.
 */
@EnabledOnOs(OS.LINUX)
class KilledRunTest {
  private static final boolean STRESS = Integer.getInteger("bayu.stressSeconds", 0) > 60;
  private static final int STEPS = 16;

  /** 11 rows in batches of 4: the 16 steps are almost six epochs. Some rows begin alike. */
  private static final int ROWS = 11;

  /**
   * Short runs of one step after the other are soonest done by the kernels that need no warm-up.
   */
  private static final List<String> KERNELS = STRESS ? List.of() : List.of("-Dbayu.kernels=scalar");

  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private static Path folder;
  private static Path model;
  private static final Map<Kind, Whole> WHOLE = new EnumMap<>(Kind.class);

  /** A kind of run; without an id the command names none, like the tutorial's. */
  private enum Kind {
    LORA_WITH_DROPOUT("--trainer.id=x --lora.r=2 --lora.dropout=0.2"),
    LORA("--lora.r=2 --merged_hf_save_path=merged --trainer.mp=p=f32,c=bfloat16"),
    ALL_WEIGHTS("--trainer.id=x"),
    ALL_WEIGHTS_OF_NO_NAME("--trainer.gradient_checkpointing=true");

    private final String flags;

    Kind(String flags) {
      this.flags = flags;
    }
  }

  @BeforeAll
  static void prepare() throws IOException {
    model = SmallModel.in(folder);
    var rows = new StringBuilder();
    for (var row = 0; row < ROWS; row++) {
      rows.append(
          "{\"prompt\": \"tell me %s\", \"completion\": \"row %s\"}\n"
              .formatted(row % 3 == 0 ? "all of it, one after the other" : "more of " + row, row));
    }
    Files.writeString(folder.resolve("rows.jsonl"), rows);
  }

  private Process start(Kind kind, Path in, int threads) throws IOException {
    var arguments =
        new ArrayList<>(
            List.of(
                "train",
                "--data=" + folder.resolve("rows.jsonl"),
                "--eval_data=" + folder.resolve("rows.jsonl"),
                "--model_name_or_path=" + model,
                "--max_tune_length=60",
                "--hf_save_path=saves",
                "--hf_save_steps=5",
                "--trainer.num_train_steps=" + STEPS,
                "--trainer.train_batch_size=4",
                "--trainer.per_device_parallelism=2",
                "--trainer.steps_per_eval=7",
                "--trainer.checkpointer.save_interval=1s",
                "--trainer.checkpointer.keep=[{every: 3}]",
                "--optimizer.learning_rate=1e-3"));
    arguments.addAll(List.of(kind.flags.split(" ")));
    return start(in, threads, List.of(), arguments);
  }

  /**
   * Starts the application.
   *
   * @param shell a command in front of Java's
   */
  private static Process start(Path in, int threads, List<String> shell, List<String> arguments)
      throws IOException {
    var command = new ArrayList<>(shell);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(KERNELS);
    command.addAll(
        List.of(
            "-XX:+UseSerialGC",
            "-XX:ActiveProcessorCount=" + threads,
            "--add-modules=jdk.incubator.vector",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            TestFiles.classPath(),
            Main.class.getName()));
    command.addAll(arguments);
    return new ProcessBuilder(command)
        .directory(in.toFile())
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(in.resolve("log").toFile()))
        .start();
  }

  private void run(Kind kind, Path in, int threads) throws IOException, InterruptedException {
    waitFor(start(kind, in, threads), ExitCode.DONE, in);
  }

  private static void waitFor(Process process, int exitCode, Path in) throws InterruptedException {
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), () -> log(in));
    assertEquals(exitCode, process.exitValue(), () -> log(in));
  }

  private static String log(Path in) {
    try {
      return Files.readString(in.resolve("log"));
    } catch (IOException e) {
      return e.toString();
    }
  }

  /** What a run made: digests of the saved files by name, and the metrics without times. */
  private static Map<String, Object> result(Path in) throws IOException {
    var result = new TreeMap<String, Object>();
    try (var files = Files.walk(in)) {
      for (var file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        var path = in.relativize(file);
        var name = path.toString();
        assertTrue(!name.contains(".bayu-"), () -> "left behind: " + name + "\n" + log(in));
        if (name.startsWith("saves") || name.startsWith("merged")) {
          // Below the folder that bears the run's name, which is random where none is given.
          result.put(
              path.getName(0) + "/" + path.subpath(2, path.getNameCount()),
              HexFormat.of().formatHex(Sha256.digest().digest(Files.readAllBytes(file))));
        } else if (name.endsWith("metrics.jsonl")) {
          assertTrue(!result.containsKey("metrics"), () -> "two runs\n" + log(in));
          result.put("metrics", metrics(file));
        }
      }
    }
    return result;
  }

  private static List<String> metrics(Path file) throws IOException {
    var lines = new ArrayList<String>();
    for (var line : Files.readAllLines(file)) {
      var numbers = (ObjectNode) JSON.readTree(line);
      numbers.properties().removeIf(number -> isTime(number.getKey()));
      lines.add(numbers.toString());
    }
    return lines;
  }

  private static boolean isTime(String metric) {
    return metric.startsWith("throughput/")
        && !metric.endsWith("tokens"); // total_tokens and distinct_tokens are no times
  }

  @Test
  void aRunThatIsKilledEndsAsIfItHadNotBeen() throws IOException, InterruptedException {
    var kills = Integer.getInteger("bayu.kills", STRESS ? 200 : 2);
    var seed = Long.getLong("bayu.seed", 1);
    var random = new SplittableRandom(seed);
    var killed = new TreeMap<String, Integer>();
    for (var done = 0; done < kills; ) {
      var kind = Kind.values()[random.nextInt(Kind.values().length)];
      var in = Files.createDirectory(folder.resolve("killed-" + done));
      do { // a third of the runs are killed more than once
        var process = start(kind, in, 1 + random.nextInt(2));
        var undisturbed = whole(kind);
        if (random.nextInt(5) == 0) {
          Thread.sleep(random.nextLong(undisturbed.startMillis));
        } else {
          awaitTraining(process, in);
          Thread.sleep(random.nextLong(undisturbed.trainMillis / (STRESS ? 1 : 2)));
        }
        var alive = process.isAlive();
        if (random.nextInt(4) == 0) {
          process.destroy(); // SIGTERM, perhaps not for long
          process.waitFor(random.nextInt(200), TimeUnit.MILLISECONDS);
        }
        process.destroyForcibly().waitFor();
        done += alive ? 1 : 0;
        killed.merge(alive ? phase(in) : "after its end", 1, Integer::sum);
      } while (!hasEnded(in) && random.nextInt(3) == 0);
      if (!hasEnded(in)) {
        run(kind, in, 1 + random.nextInt(2));
      } else { // a command without an id would begin a new run
        removeLocks(in);
      }
      var at = "seed %s, kill %s, %s\n".formatted(seed, done, kind);
      assertEquals(whole(kind).result, result(in), () -> at + log(in));
      delete(in);
    }
    System.out.println("Killed: " + killed);
  }

  /** A kill behind the last file's new name leaves its lock, which the next write would remove. */
  private static void removeLocks(Path in) throws IOException {
    try (var folders = Files.walk(in)) {
      for (var folder : folders.filter(Files::isDirectory).toList()) {
        StagedPath.removeAllLeftovers(folder);
      }
    }
  }

  private static boolean hasEnded(Path in) throws IOException {
    try (var files = Files.walk(in)) {
      return files.anyMatch(file -> file.endsWith("run.json"));
    }
  }

  /**
   * An undisturbed run.
   *
   * @param startMillis until the training begins
   * @param trainMillis from there to the end
   */
  private record Whole(Map<String, Object> result, long startMillis, long trainMillis) {}

  private Whole whole(Kind kind) throws IOException, InterruptedException {
    var before = WHOLE.get(kind);
    if (before != null) {
      return before;
    }
    var in = Files.createDirectory(folder.resolve("whole-" + kind));
    var start = System.nanoTime();
    var process = start(kind, in, 1);
    awaitTraining(process, in);
    var training = System.nanoTime();
    waitFor(process, ExitCode.DONE, in);
    var end = System.nanoTime();
    var result = result(in);
    assertEquals(
        STEPS, Objects.requireNonNull((List<?>) result.get("metrics")).size(), () -> log(in));
    var whole = new Whole(result, (training - start) / 1_000_000, (end - training) / 1_000_000);
    WHOLE.put(kind, whole);
    return whole;
  }

  private static void awaitTraining(Process process, Path in) throws InterruptedException {
    var before = log(in).split("Training ", -1).length;
    while (process.isAlive() && log(in).split("Training ", -1).length == before) {
      Thread.sleep(5);
    }
  }

  /** On SIGINT and SIGTERM the state is written, and the last line is the command that goes on. */
  @Test
  void anInterruptedRunSaysHowItGoesOn() throws IOException, InterruptedException {
    for (var signal : STRESS ? List.of("INT", "TERM") : List.of("TERM")) {
      var kind = Kind.ALL_WEIGHTS_OF_NO_NAME;
      var undisturbed = whole(kind);
      var in = Files.createDirectory(folder.resolve(signal));
      var process = start(kind, in, 1);
      awaitTraining(process, in);
      while (process.isAlive() && !log(in).contains("train 1/")) {
        Thread.sleep(5);
      }
      assertEquals(
          0, new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor());
      waitFor(process, signal.equals("INT") ? 130 : 143, in);
      var lines = log(in).lines().toList();
      assertTrue(
          lines
              .get(lines.size() - 2)
              .matches("Interrupted after \\d+ of 16 steps\\. .*step-\\d+\\."),
          () -> log(in));
      var command = lines.getLast();
      assertTrue(command.startsWith("To go on: bayu train --data="), command);
      assertTrue(command.matches(".* --trainer\\.id=\\w+( .*)?"), command);
      var arguments = command.substring("To go on: bayu ".length());
      var again = start(in, 1, List.of("sh", "-c", "exec \"$0\" \"$@\" " + arguments), List.of());
      waitFor(again, ExitCode.DONE, in);
      assertTrue(log(in).contains("Going on after step "), () -> log(in));
      assertEquals(undisturbed.result, result(in), () -> log(in));
    }
  }

  /** What a killed run left, for the statistics. */
  private static String phase(Path in) throws IOException {
    try (var files = Files.walk(in)) {
      var names = files.map(file -> in.relativize(file).toString()).toList();
      if (names.stream().noneMatch(name -> name.endsWith("config.yaml"))) {
        return "before its configuration was written";
      }
      if (names.stream().anyMatch(name -> name.contains("checkpoints/.bayu-"))) {
        return "in a checkpoint";
      }
      if (names.stream().anyMatch(name -> name.contains("/.bayu-"))) {
        return "in a save";
      }
      return names.stream().anyMatch(name -> name.contains("checkpoints/step-"))
          ? "in a step, after a checkpoint"
          : "before its first checkpoint";
    }
  }

  private static void delete(Path folder) throws IOException {
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
