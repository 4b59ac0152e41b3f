package org.bayu.train.track.wandb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.bayu.train.files.ShellText;

/**
 * The folder of one run, {@code wandb/offline-run-<date>_<time>-<id>}, or without {@code offline-}
 * where the run was to be sent from its beginning.
 *
 * @param path the folder
 * @param id the run's id
 */
record WandbFolder(Path path, String id) {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd_HHmmss", Locale.ROOT);

  /**
   * The newest folder of the run; a new one if there is none.
   *
   * @param root in which the folder {@code wandb} is
   */
  static WandbFolder of(Path root, String id, boolean online, Instant now) throws IOException {
    var wandb = Files.createDirectories(root.resolve("wandb"));
    var name = Pattern.compile("(offline-)?run-(\\d{8}_\\d{6})-" + Pattern.quote(id));
    try (var folders = Files.list(wandb)) {
      var newest =
          folders
              .filter(folder -> name.matcher(String.valueOf(folder.getFileName())).matches())
              .filter(folder -> Files.isRegularFile(new WandbFolder(folder, id).log()))
              .max(Comparator.comparing(folder -> time(name, folder)));
      if (newest.isPresent()) {
        return new WandbFolder(newest.get(), id);
      }
    }
    var time = TIME.format(now.atZone(ZoneId.systemDefault()));
    var folder = wandb.resolve((online ? "run-" : "offline-run-") + time + "-" + id);
    Files.createDirectories(folder.resolve("files"));
    return new WandbFolder(folder, id);
  }

  private static String time(Pattern name, Path folder) {
    var matcher = name.matcher(String.valueOf(folder.getFileName()));
    return matcher.matches() ? matcher.group(2) : "";
  }

  /** The command that sends the run; wandb skips one that was to be sent, unless it is told. */
  String syncCommand() {
    return ShellText.command(
        "wandb",
        String.valueOf(path.getFileName()).startsWith("offline-")
            ? List.of("sync", path.toString())
            : List.of("sync", "--include-online", path.toString()));
  }

  /** The file with the run's records. */
  Path log() {
    return path.resolve("run-" + id + ".wandb");
  }

  /** The mark of {@code wandb sync} that there is nothing to send. */
  Path syncedMark() {
    return path.resolve("run-" + id + ".wandb.synced");
  }

  /** A file that is sent with the run. */
  Path file(String name) {
    return path.resolve("files").resolve(name);
  }
}
