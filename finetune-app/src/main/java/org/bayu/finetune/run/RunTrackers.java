package org.bayu.finetune.run;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ProxySelector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import org.bayu.finetune.config.TrainConfig;
import org.bayu.finetune.config.TrainerConfig;
import org.bayu.finetune.config.WandbConfig;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.files.LocalFiles;
import org.bayu.remote.hub.HubException;
import org.bayu.train.files.OutputFolder;
import org.bayu.train.track.BackgroundTracker;
import org.bayu.train.track.JsonLinesTracker;
import org.bayu.train.track.Tracker;
import org.bayu.train.track.report.ReportTracker;
import org.bayu.train.track.tensorboard.TensorBoardTracker;
import org.bayu.train.track.wandb.WandbEnvironment;
import org.bayu.train.track.wandb.WandbRun;
import org.bayu.train.track.wandb.WandbServer;
import org.bayu.train.track.wandb.WandbTracker;
import org.jspecify.annotations.Nullable;

/** Who is told of a run, as its configuration says. */
public final class RunTrackers {
  private final TrainConfig config;
  private final TrainerConfig trainer;
  private final Path folder;
  private final LocalFiles files;
  private final Consumer<String> messages;
  private final @Nullable Wandb wandb;

  /**
   * How Weights &amp; Biases is told of the run.
   *
   * @param root the folder of the folder {@code wandb}
   * @param server null to send nothing
   * @param why nothing is sent; empty if the configuration says so
   */
  private record Wandb(WandbRun run, Path root, @Nullable WandbServer server, String why) {}

  /**
   * Decides what is written and what is sent; nothing is done yet.
   *
   * @param folder the run's
   * @param files of the user, with the process's variables
   * @param messages takes a line for whoever watches, from any thread
   * @throws UserException if a run is to be sent to Weights &amp; Biases, and there is no key
   */
  public RunTrackers(TrainConfig config, Path folder, LocalFiles files, Consumer<String> messages) {
    this.config = config;
    trainer = config.trainer();
    this.folder = folder;
    this.files = files;
    this.messages = messages;
    var asked = trainer.wandbTracker();
    wandb =
        asked == null
            ? null
            : decide(asked, new WandbEnvironment(files.environment(), files.home()));
  }

  private @Nullable Wandb decide(WandbConfig config, WandbEnvironment settings) {
    var mode = mode(config, settings);
    if (mode.equals(Optional.of("disabled"))) {
      return null;
    }
    var server =
        mode.equals(Optional.of("offline")) ? Optional.<WandbServer>empty() : server(settings);
    if (server.isEmpty() && mode.equals(Optional.of("online"))) {
      throw UserException.usage(
          "W&B: the mode online needs an API key. Set WANDB_API_KEY, run 'wandb login', or choose"
              + " the mode offline.");
    }
    var run =
        new WandbRun(
            config.id() == null ? trainer.runId() : config.id(),
            config.entity() == null ? settings.setting("entity").orElse(null) : config.entity(),
            config.project() == null ? settings.setting("project").orElse(null) : config.project(),
            config.name(),
            config.tags() == null ? List.of() : config.tags(),
            config.group());
    return new Wandb(
        run,
        settings.folder().orElse(folder),
        server.orElse(null),
        mode.isEmpty() ? "there is no API key, so " : "");
  }

  /** The mode that is asked for: online, offline or disabled. */
  private static Optional<String> mode(WandbConfig config, WandbEnvironment settings) {
    if (config.mode() != null) {
      return Optional.of(config.mode());
    }
    return settings
        .setting("mode")
        .map(
            mode ->
                switch (mode.toLowerCase(Locale.ROOT)) {
                  case "online", "run" -> "online";
                  case "offline", "dryrun" -> "offline";
                  case "disabled" -> "disabled";
                  default ->
                      throw UserException.usage(
                          "$WANDB_MODE: one of online, offline, disabled is expected.");
                });
  }

  private Optional<WandbServer> server(WandbEnvironment settings) {
    try {
      return settings.server().map(server -> server.withProxies(proxies()));
    } catch (IllegalArgumentException e) {
      throw UserException.usage(
          "$WANDB_BASE_URL: the address of a server is expected, such as https://api.wandb.ai.");
    }
  }

  /** Those of the environment, as for the Hub. */
  private ProxySelector proxies() {
    try {
      return files.hub().proxies();
    } catch (HubException e) { // the Hub's address is none, which is no matter here
      return ProxySelector.getDefault();
    }
  }

  /**
   * Opens all. What was written of later steps is cut. One that cannot be opened is left out, and
   * that is said; without {@code metrics.jsonl} there is no run.
   *
   * @param firstStep the step that is done next, from 0
   * @return the first writes {@code metrics.jsonl}
   */
  public List<Tracker> open(int firstStep) throws IOException {
    var trackers = new ArrayList<Tracker>();
    trackers.add(JsonLinesTracker.resume(folder.resolve(RunFolder.METRICS), firstStep));
    var tensorboard = trainer.tensorBoardTracker();
    if (tensorboard != null) {
      var events = tensorboard.folder(folder);
      add(trackers, "TensorBoard", () -> TensorBoardTracker.open(events, firstStep));
    }
    if (wandb != null) {
      add(trackers, "W&B", () -> openWandb(wandb, firstStep));
    }
    if (trainer.report()) {
      trackers.add(new BackgroundTracker(report(folder, config.toJson(files), firstStep)));
    }
    return trackers;
  }

  /** The report of the run in a folder. */
  static ReportTracker report(Path folder, JsonNode config, int firstStep) {
    return ReportTracker.open(
        folder.resolve(RunFolder.METRICS), folder.resolve(RunFolder.REPORT), firstStep, config);
  }

  private Tracker openWandb(Wandb to, int firstStep) throws IOException {
    var tracker = WandbTracker.open(to.root, to.run, firstStep, to.server, messages);
    if (to.server == null) {
      messages.accept(
          "W&B: %snothing is sent. The run is in its folder. To send it: %s"
              .formatted(to.why, tracker.syncCommand()));
    }
    return tracker;
  }

  /** Opens a tracker. */
  @FunctionalInterface
  private interface Opening {
    Tracker open() throws IOException;
  }

  private void add(List<Tracker> trackers, String name, Opening opening) {
    try {
      trackers.add(new BackgroundTracker(opening.open()));
    } catch (IOException e) {
      messages.accept(
          "%s: cannot be written (%s), and is left out.".formatted(name, OutputFolder.reason(e)));
    }
  }
}
