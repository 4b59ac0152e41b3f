package org.bayu.train.track.wandb;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bayu.tensor.io.Sha256;
import org.bayu.train.track.PngImage;
import org.bayu.train.track.Table;
import org.bayu.train.track.Tracker;
import org.jspecify.annotations.Nullable;

/**
 * Writes a run's folder as {@code wandb} writes it, for {@code wandb sync}. With a server, the run
 * is sent there while it goes on, by a thread of its own that reads the folder's file: what the
 * network loses is in the folder.
 *
 * <p>W&amp;B drops what is logged at a lower step than before. What is about the run as a whole is
 * therefore at the steps after the last one.
 */
public final class WandbTracker implements Tracker {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final WandbRun run;
  private final WandbFolder folder;
  private final WandbFile file;
  private final InstantSource clock;
  private final @Nullable WandbSync sync;
  private final Instant opened;
  private final Machine machine;
  private double runtimeBefore;
  private long records;
  private boolean begun;
  private long next;
  private final ObjectNode ofStep = JSON.createObjectNode(); // what its history line has too
  private int exitCode = 1;

  private WandbTracker(
      WandbRun run,
      WandbFolder folder,
      WandbFile file,
      int firstStep,
      @Nullable WandbServer server,
      Environment environment)
      throws IOException {
    this.run = run;
    this.folder = folder;
    this.file = file;
    clock = environment.clock;
    machine = environment.machine;
    opened = clock.instant();
    next = firstStep;
    var resend = resume(firstStep);
    Files.deleteIfExists(folder.syncedMark());
    sync =
        server == null
            ? null
            : new WandbSync(folder, file, server, resend, environment.pace, environment.messages);
  }

  /**
   * What a tracker takes from around it.
   *
   * @param messages takes a line for whoever watches, from any thread
   */
  record Environment(
      InstantSource clock, Machine machine, WandbSync.Pace pace, Consumer<String> messages) {}

  /** What W&amp;B is told of the machine: its name, its operating system, its processors. */
  record Machine(String host, String os, int processors) {
    static Machine here() {
      return new Machine(
          hostName(),
          System.getProperty("os.name") + " " + System.getProperty("os.version"),
          Runtime.getRuntime().availableProcessors());
    }

    private static String hostName() {
      try {
        return InetAddress.getLocalHost().getHostName();
      } catch (UnknownHostException e) {
        return "";
      }
    }
  }

  /**
   * Opens a run's newest folder, or makes one. What is there is cut back to the steps before {@code
   * firstStep}, and without the end of the run.
   *
   * @param root the folder in which the folder {@code wandb} is or will be
   * @param firstStep the step that is done next, from 0
   * @param server where to send the run; null to send nothing
   * @param messages takes a line about what is sent; from any thread
   */
  public static WandbTracker open(
      Path root,
      WandbRun run,
      int firstStep,
      @Nullable WandbServer server,
      Consumer<String> messages)
      throws IOException {
    return open(
        root,
        run,
        firstStep,
        server,
        new Environment(InstantSource.system(), Machine.here(), WandbSync.Pace.DEFAULT, messages));
  }

  static WandbTracker open(
      Path root, WandbRun run, int firstStep, @Nullable WandbServer server, Environment environment)
      throws IOException {
    var folder = WandbFolder.of(root, run.id(), server != null, environment.clock.instant());
    var file = WandbFile.open(folder.log());
    try {
      return new WandbTracker(run, folder, file, firstStep, server, environment);
    } catch (Throwable e) {
      file.close();
      throw e;
    }
  }

  /**
   * Reads what is there and cuts it.
   *
   * @return the number of history lines from which on the server's are to be replaced, if it has
   *     any: a line that was no step's was cut there
   */
  private long resume(int firstStep) throws IOException {
    var reader = file.reader();
    var lines = 0L;
    var resend = Long.MAX_VALUE;
    var end = 0L;
    var cut = false;
    for (var bytes = reader.next(file.length());
        bytes != null;
        bytes = reader.next(file.length())) {
      var record = WandbRecord.Format.read(bytes);
      if (record instanceof WandbRecord.History(var step, var values)) {
        cut |= step >= firstStep;
        if (cut && !values.has("global_step")) {
          resend = Math.min(resend, lines);
        }
        lines++;
        if (!cut) {
          runtimeBefore = values.path("_runtime").asDouble();
        }
      }
      cut |= record instanceof WandbRecord.Exit;
      if (!cut) {
        begun |= record instanceof WandbRecord.Run;
        records++;
        end = reader.position();
      }
    }
    file.cut(begun ? end : 0);
    if (!begun) {
      records = 0;
      file.write(WandbRecord.Format.header());
      records++;
    }
    return resend;
  }

  /** The run's folder. */
  public Path folder() {
    return folder.path();
  }

  /** The command that sends the run from its folder. */
  public String syncCommand() {
    return folder.syncCommand();
  }

  @Override
  public String name() {
    return folder.path().toString();
  }

  @Override
  public void config(JsonNode config) throws IOException {
    var values = JSON.createObjectNode();
    if (config instanceof ObjectNode object) {
      values.setAll(object);
    }
    if (begun) {
      write(new WandbRecord.Config(values));
    } else {
      begin(values);
    }
  }

  private void begin(ObjectNode config) throws IOException {
    config.putObject("_wandb");
    write(new WandbRecord.Run(run, config, machine.host, opened));
    write(
        new WandbRecord.Environment(
            JSON.createObjectNode()
                .put("os", machine.os)
                .put("startedAt", opened.toString())
                .put("program", "bayu")
                .put("host", machine.host)
                .put("cpu_count_logical", machine.processors)
                .put("writerId", run.id())));
    begun = true;
  }

  @Override
  public void log(int step, Map<String, Number> metrics) throws IOException {
    next = step + 1L;
    var values = numbers(metrics);
    values.setAll(ofStep);
    ofStep.removeAll();
    history(step, values);
  }

  private static ObjectNode numbers(Map<String, Number> metrics) {
    var values = JSON.createObjectNode();
    metrics.forEach(
        (name, value) -> {
          switch (value) {
            case Integer whole -> values.put(name, whole);
            case Long whole -> values.put(name, whole);
            default -> values.put(name, value.doubleValue());
          }
        });
    return values;
  }

  private void history(long step, ObjectNode values) throws IOException {
    if (!begun) {
      begin(JSON.createObjectNode());
    }
    values.put("_timestamp", clock.millis() / 1e3);
    values.put("_runtime", runtime());
    values.put("_step", step);
    write(new WandbRecord.History(step, values));
    write(new WandbRecord.Summary(values));
  }

  private double runtime() {
    return runtimeBefore + (clock.millis() - opened.toEpochMilli()) / 1e3;
  }

  @Override
  public void summary(Map<String, Number> values) throws IOException {
    write(new WandbRecord.Summary(numbers(values)));
  }

  @Override
  public void table(String name, Table table) throws IOException {
    log(name, media(name, table, next));
  }

  @Override
  public void table(int step, String name, Table table) throws IOException {
    if (!begun) {
      begin(JSON.createObjectNode());
    }
    var value = media(name, table, step);
    ofStep.set(name, value);
    write(new WandbRecord.Files(List.of(value.path("path").asText())));
  }

  private ObjectNode media(String name, Table table, long step) throws IOException {
    var content = JSON.createObjectNode();
    content.set("columns", JSON.valueToTree(table.columns()));
    content.set("data", JSON.valueToTree(table.rows()));
    var value = media(name, "table", ".table.json", step, JSON.writeValueAsBytes(content));
    value.put("_type", "table-file");
    value.put("ncols", table.columns().size());
    value.put("nrows", table.rows().size());
    value.put("log_mode", "IMMUTABLE");
    return value;
  }

  @Override
  public void image(String name, PngImage image) throws IOException {
    var value = media(name, "images", ".png", next, image.bytes());
    value.put("_type", "image-file");
    value.put("format", "png");
    value.put("width", image.width());
    value.put("height", image.height());
    log(name, value);
  }

  /** Writes a file of the run, and what W&amp;B is told of it. */
  private ObjectNode media(String name, String kind, String ending, long step, byte[] content)
      throws IOException {
    var sha256 = HexFormat.of().formatHex(Sha256.digest().digest(content));
    var path = "media/%s/%s_%s_%s%s".formatted(kind, name, step, sha256.substring(0, 20), ending);
    var target = folder.file(path);
    Files.createDirectories(target.getParent());
    Files.write(target, content);
    return JSON.createObjectNode()
        .put("path", path)
        .put("sha256", sha256)
        .put("size", content.length);
  }

  private void log(String name, ObjectNode value) throws IOException {
    var values = JSON.createObjectNode();
    values.set(name, value);
    history(next++, values);
    write(new WandbRecord.Files(List.of(value.path("path").asText())));
  }

  private void write(WandbRecord record) throws IOException {
    file.write(WandbRecord.Format.write(records + 1, record));
    records++;
  }

  @Override
  public void ended() {
    exitCode = 0;
  }

  @Override
  public void sync() throws IOException {
    file.sync();
  }

  /** Writes the end of the run. With a server, waits until all is sent, but not for long. */
  @Override
  public void close() throws IOException {
    try (file) {
      var end = JSON.createObjectNode().put("_runtime", runtime());
      end.putObject("_wandb").put("runtime", (long) runtime());
      write(new WandbRecord.Summary(end));
      write(new WandbRecord.Exit(exitCode));
      file.sync();
      if (sync != null) {
        sync.finish();
      }
    }
  }
}
