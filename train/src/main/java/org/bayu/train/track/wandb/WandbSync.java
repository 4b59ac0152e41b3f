package org.bayu.train.track.wandb;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.bayu.tensor.io.Printable;
import org.bayu.train.track.wandb.WandbApi.BusyException;
import org.bayu.train.track.wandb.WandbApi.RefusedException;
import org.jspecify.annotations.Nullable;

/**
 * Sends a run to the server as its file grows, on a thread of its own. If the network is gone it
 * tries again, waiting longer each time. What the server has is not sent again.
 */
final class WandbSync {
  private static final int LINES_AT_ONCE = 1000;

  /** So many failures in a row are worth a line. */
  private static final int MANY = 3;

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * How often something is done.
   *
   * @param interval from one request to the next
   * @param heartbeat from one request to the next where there is nothing new
   * @param firstWait before a request that failed is sent again; twice as long each time
   * @param longestWait at most
   * @param end how long the end of the run waits for the network
   */
  record Pace(
      Duration interval,
      Duration heartbeat,
      Duration firstWait,
      Duration longestWait,
      Duration end) {
    static final Pace DEFAULT =
        new Pace(
            Duration.ofSeconds(10),
            Duration.ofSeconds(30),
            Duration.ofSeconds(2),
            Duration.ofMinutes(1),
            Duration.ofSeconds(60));
  }

  private final WandbFolder folder;
  private final WandbFile file;
  private final WandbServer server;
  private final long resend;
  private final Pace pace;
  private final Consumer<String> messages;
  private final WandbReader reader;
  private final CountDownLatch finishing = new CountDownLatch(1);
  private final Thread thread;
  private volatile boolean told;
  private volatile boolean complete;

  // What the file says so far; the thread's alone.
  private final ObjectNode config = JSON.createObjectNode();
  private final ObjectNode summary = JSON.createObjectNode();
  private final ObjectNode environment = JSON.createObjectNode();
  private final Set<String> files = new LinkedHashSet<>();
  private WandbRecord.@Nullable Run run;
  private WandbRecord.@Nullable Exit exit;
  private boolean configChanged;
  private boolean changed;
  private boolean lost;
  private long line;
  private long nextLine;

  /**
   * Starts the thread.
   *
   * @param file that grows; remains the caller's, open until {@link #finish} has returned
   * @param resend the number of lines from which on the server's are replaced
   */
  WandbSync(
      WandbFolder folder,
      WandbFile file,
      WandbServer server,
      long resend,
      Pace pace,
      Consumer<String> messages) {
    this.folder = folder;
    this.file = file;
    this.server = server;
    this.resend = resend;
    this.pace = pace;
    this.messages = messages;
    reader = file.reader();
    thread = Thread.ofPlatform().daemon().name("bayu-wandb").start(this::work);
  }

  private void work() {
    try (var api = new WandbApi(server)) {
      complete = sendAll(api);
    } catch (RefusedException e) {
      tell("nothing more is sent to it, because " + e.getMessage());
    } catch (IOException | RuntimeException e) {
      tell("nothing more is sent to it, because the run's folder cannot be read");
    } catch (InterruptedException e) {
      // finish() says it.
    }
  }

  private void tell(String what) {
    told = true;
    messages.accept(
        "W&B (%s): %s. The run is in its folder. To send it: %s"
            .formatted(server, what, folder.syncCommand()));
  }

  /** Whether all is sent, the end too. */
  private boolean sendAll(WandbApi api) throws IOException, InterruptedException {
    for (readRun(); run == null; ) {
      var isOver = finishing.await(pace.interval.toNanos(), TimeUnit.NANOSECONDS);
      readRun();
      if (run == null && isOver) {
        return false;
      }
    }
    var bucket = connect(api, run);
    for (var quiet = Duration.ZERO; ; quiet = quiet.plus(pace.interval)) {
      var isOver = finishing.getCount() == 0;
      var lines = read();
      if (exit != null) {
        end(api, bucket, lines, exit);
        return true;
      }
      if (!lines.isEmpty() || changed || quiet.compareTo(pace.heartbeat) >= 0) {
        send(api, bucket, lines);
        quiet = Duration.ZERO;
      }
      if (lines.size() < LINES_AT_ONCE) {
        if (isOver) {
          return false; // the file has no end
        }
        var _ = finishing.await(pace.interval.toNanos(), TimeUnit.NANOSECONDS);
      }
    }
  }

  /** Reads up to the record that says what the run is. */
  private void readRun() throws IOException {
    for (var bytes = reader.next(file.size());
        bytes != null && run == null;
        bytes = run == null ? reader.next(file.size()) : null) {
      take(WandbRecord.Format.read(bytes), JSON.createArrayNode());
    }
  }

  /** Reads what is new in the file; the lines are those that the server has not. */
  private ArrayNode read() throws IOException {
    var lines = JSON.createArrayNode();
    while (exit == null && lines.size() < LINES_AT_ONCE) {
      var bytes = reader.next(file.size());
      if (bytes == null) {
        break;
      }
      take(WandbRecord.Format.read(bytes), lines);
    }
    return lines;
  }

  private void take(WandbRecord record, ArrayNode lines) {
    switch (record) {
      case WandbRecord.Run start -> {
        run = start;
        config.setAll(start.config());
      }
      case WandbRecord.Config(var values) -> {
        config.setAll(values);
        configChanged = true;
        changed = true;
      }
      case WandbRecord.Environment(var values) -> environment.setAll(values);
      case WandbRecord.Summary(var values) -> {
        summary.setAll(values);
        changed = true;
      }
      case WandbRecord.Files(var paths) -> files.addAll(paths);
      case WandbRecord.Exit end -> exit = end;
      case WandbRecord.History(_, var values) -> {
        if (line >= nextLine) {
          lines.add(values.toString());
        }
        line++;
      }
      case WandbRecord.Other() -> {}
    }
  }

  private WandbApi.Bucket connect(WandbApi api, WandbRecord.Run first)
      throws IOException, InterruptedException {
    var bucket = again(() -> api.upsert(first.run(), configuration(), first.host()));
    nextLine = Math.min(bucket.lines(), resend);
    messages.accept(
        "W&B: " + Printable.message(server.page(bucket.entity(), bucket.project(), bucket.name())));
    return bucket;
  }

  /** The configuration as W&amp;B keeps it: an object for each value. */
  private ObjectNode configuration() {
    var all = JSON.createObjectNode();
    config.forEachEntry((key, value) -> all.putObject(key).set("value", value));
    return all;
  }

  private void send(WandbApi api, WandbApi.Bucket bucket, ArrayNode lines)
      throws IOException, InterruptedException {
    var start = run;
    if (configChanged && start != null) {
      again(() -> api.upsert(start.run(), configuration(), start.host()));
      configChanged = false;
    }
    var request = JSON.createObjectNode();
    addStreams(request, lines);
    again(() -> api.stream(bucket, request));
  }

  /** The lines at their place behind those that the server has, and the summary. */
  private void addStreams(ObjectNode request, ArrayNode lines) {
    if (!lines.isEmpty()) {
      var history = request.withObjectProperty("files").putObject("wandb-history.jsonl");
      history.put("offset", nextLine).set("content", lines);
      nextLine += lines.size();
    }
    if (changed) {
      var whole = request.withObjectProperty("files").putObject("wandb-summary.json");
      whole.put("offset", 0).putArray("content").add(summary.toString());
      changed = false;
    }
  }

  private void end(WandbApi api, WandbApi.Bucket bucket, ArrayNode lines, WandbRecord.Exit last)
      throws IOException, InterruptedException {
    // Everything but the end first: the server takes nothing after it.
    send(api, bucket, lines);
    writeFiles();
    var uploaded = upload(api, bucket);
    var request = JSON.createObjectNode();
    request.set("uploaded", JSON.valueToTree(uploaded));
    request.put("complete", true).put("exitcode", last.code());
    again(() -> api.stream(bucket, request));
  }

  /** Writes the files that W&amp;B shows of every run. JSON is YAML too. */
  private void writeFiles() throws IOException {
    write("config.yaml", configuration());
    write("wandb-summary.json", summary);
    write("wandb-metadata.json", environment);
  }

  private void write(String name, ObjectNode content) throws IOException {
    Files.write(
        folder.file(name), JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(content));
    files.add(name);
  }

  private List<String> upload(WandbApi api, WandbApi.Bucket bucket)
      throws InterruptedException, IOException {
    var paths = new LinkedHashMap<String, Path>();
    for (var name : files) {
      if (Files.isRegularFile(folder.file(name))) {
        paths.put(name, folder.file(name));
      }
    }
    try {
      again(
          () -> {
            api.upload(bucket, paths);
            return bucket;
          });
      return List.copyOf(paths.keySet());
    } catch (RefusedException e) {
      messages.accept(
          "W&B (%s): the run's files could not be sent, because %s."
              .formatted(server, e.getMessage()));
      return List.of();
    }
  }

  /** A request that may be sent again. */
  @FunctionalInterface
  private interface Request<T> {
    T send() throws IOException, InterruptedException;
  }

  /** Sends a request until it comes through; at the end of the run without long waits. */
  private <T> T again(Request<T> request) throws IOException, InterruptedException {
    var failures = 0;
    for (var wait = pace.firstWait; ; wait = shorter(wait.multipliedBy(2), pace.longestWait)) {
      try {
        return request.send();
      } catch (RefusedException e) {
        throw e;
      } catch (IOException e) {
        failures++;
        if (failures == MANY && !lost) {
          lost = true;
          messages.accept(
              "W&B (%s): cannot be reached. What it misses is sent when it can be."
                  .formatted(server));
        }
        var delay =
            e instanceof BusyException busy && busy.delay().compareTo(wait) > 0
                ? busy.delay()
                : wait;
        if (finishing.getCount() == 0 || finishing.await(delay.toNanos(), TimeUnit.NANOSECONDS)) {
          Thread.sleep(pace.firstWait);
        }
      }
    }
  }

  private static Duration shorter(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  /** Waits until all is sent, but not for long. What is missing then is said. */
  void finish() throws IOException {
    finishing.countDown();
    try {
      if (!thread.join(pace.end)) {
        thread.interrupt();
        var _ = thread.join(pace.end);
      }
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
    }
    if (!complete && !told) {
      tell("it cannot be reached, so it misses the end of the run");
    }
  }
}
