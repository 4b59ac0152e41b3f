package org.bayu.finetune.model;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.finetune.config.ConfigPath;
import org.bayu.finetune.config.LocalFiles;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.terminal.Progress;
import org.bayu.remote.hub.Hub;
import org.bayu.remote.hub.HubEnvironment;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.ModelFiles;
import org.bayu.remote.hub.RepositoryFile;
import org.bayu.remote.hub.Snapshot;
import org.bayu.tensor.io.StagedPath;
import org.jspecify.annotations.Nullable;

/**
 * The one place that turns what a user names as a model or an adapter into a local folder: the
 * folder itself, or a name on the Hub, whose files are fetched into the cache. A folder wins over a
 * name.
 *
 * <p>Every method takes the key or option that names it, for messages, and throws {@link
 * UserException} where there is no such folder, and a {@link HubException} where the files cannot
 * be had.
 */
public final class Models implements AutoCloseable {
  private final Map<String, String> environment;
  private final PrintWriter err;
  private final List<Path> outlines = new ArrayList<>();

  /**
   * Models for a command.
   *
   * @param environment the process's variables
   * @param err is told what is fetched and how far that is
   */
  public Models(Map<String, String> environment, PrintWriter err) {
    this.environment = environment;
    this.err = err;
  }

  /** Which files are needed. */
  @FunctionalInterface
  private interface Needed {
    List<RepositoryFile> of(Snapshot snapshot) throws IOException;
  }

  /** All files of a model. */
  public Found model(String key, String text) throws IOException {
    return model(key, text, null);
  }

  /** The same at a commit; null for that of the name. */
  public Found model(String key, String text, @Nullable String commit) throws IOException {
    var name = name(key, text);
    return name == null ? local(key, text, files()::fetchedModel) : fetch(text, find(name, commit), ModelFiles::model);
  }

  /** All files of an adapter; null for none. */
  public @Nullable Found adapter(String key, @Nullable String text) throws IOException {
    if (text == null) {
      return null;
    }
    var name = name(key, text);
    return name == null ? local(key, text, files()::fetchedModel) : fetch(text, find(name, null), ModelFiles::adapter);
  }

  /** Configuration and tokenizer of a model or an adapter. */
  public Found settings(String key, String text) throws IOException {
    var name = name(key, text);
    if (name == null) {
      return local(key, text, files()::fetchedSettings);
    }
    var named = find(name, null);
    return named.found(text, named.snapshot.fetch(ModelFiles.settings(named.snapshot), _ -> {}));
  }

  /**
   * A model's folder to plan with. If the weights would have to be fetched, only their headers are,
   * and {@link Found#isOutline} is true: the folder lives as long as this object. Says what a
   * download would take.
   *
   * @param commit of the repository; null for that of the name
   */
  public Found outline(String key, String text, @Nullable String commit) throws IOException {
    var name = name(key, text);
    if (name == null) {
      return local(key, text, files()::fetchedModel);
    }
    var named = find(name, commit);
    var files = ModelFiles.model(named.snapshot);
    say(named, files);
    if (named.snapshot.missing(files).isEmpty()) {
      return named.found(text, named.snapshot.folder());
    }
    var folder = Files.createTempDirectory("bayu-outline");
    outlines.add(folder);
    ModelFiles.outline(named.snapshot, folder);
    return new Found(text, folder, name, named.snapshot.commit(), true);
  }

  /** The same model with its weights, fetched now if it is an outline. */
  public Found whole(Found model) throws IOException {
    if (model.name() == null || !model.isOutline()) {
      return model;
    }
    var named = find(model.name(), model.commit());
    var files = ModelFiles.model(named.snapshot);
    return named.found(model.text(), fetch(named, files));
  }

  private LocalFiles files() {
    return LocalFiles.of(err::println);
  }

  /** Brings a folder here where it is elsewhere. */
  @FunctionalInterface
  private interface Fetching {
    Path of(Path folder) throws IOException;
  }

  private static Found local(String key, String text, Fetching fetching) throws IOException {
    var folder = fetching.of(path(key, text));
    if (!Files.isDirectory(folder)) {
      throw UserException.inputFile(
          "%s: %s is no folder. Give a folder, or a name on the Hub: org/name."
              .formatted(key, text));
    }
    return Found.local(text, folder);
  }

  private static Path path(String key, String text) {
    try {
      return ConfigPath.parse(text);
    } catch (IllegalArgumentException e) {
      throw UserException.usage("%s: %s.".formatted(key, e.getMessage()));
    }
  }

  /** The name on the Hub that a text means; null where it means a folder. */
  private @Nullable HubName name(String key, String text) {
    var name = HubName.parse(text).orElse(null);
    if (name == null) {
      return null;
    }
    if (Files.exists(path(key, text))) {
      err.println(text + ": the folder here is used, and nothing is looked up on the Hub.");
      return null;
    }
    return name;
  }

  /** A name at its commit. */
  private record Named(HubName name, Snapshot snapshot) {
    Found found(String text, Path folder) {
      return new Found(text, folder, name, snapshot.commit(), false);
    }
  }

  private Named find(HubName name, @Nullable String commit) throws IOException {
    var hub =
        Hub.of(
            HubEnvironment.of(environment, Path.of(System.getProperty("user.home"))), err::println);
    try {
      var revision = commit == null ? name.revision() : commit;
      return new Named(name, hub.find(HubRepository.model(name), revision));
    } catch (HubException e) {
      var isUnknown =
          e.reason() == HubException.Reason.NO_REPOSITORY
              || e.reason() == HubException.Reason.UNREACHABLE;
      if (isUnknown) {
        throw new UserException(
            ExitCode.INPUT_FILE, "There is no folder " + name + " here. " + e.getMessage(), e);
      }
      throw e;
    }
  }

  private Found fetch(String text, Named named, Needed needed) throws IOException {
    var files = needed.of(named.snapshot);
    say(named, files);
    return named.found(text, fetch(named, files));
  }

  /** Says what will be fetched, and refuses at once what the disk has no room for. */
  private void say(Named named, List<RepositoryFile> files) throws IOException {
    var snapshot = named.snapshot;
    var what = "%s at commit %s".formatted(named.name, snapshot.commit());
    var bytes = snapshot.bytesToFetch(files);
    err.println(
        bytes == 0
            ? what + " is in " + snapshot.folder()
            : "%s: %s to fetch into %s, where %s are free."
                .formatted(what, size(bytes), snapshot.cache(), size(snapshot.freeBytes())));
    snapshot.refuseWithoutRoom(files);
  }

  private Path fetch(Named named, List<RepositoryFile> files) throws IOException {
    var snapshot = named.snapshot;
    var missing = snapshot.missing(files);
    if (missing.isEmpty()) {
      return snapshot.folder();
    }
    var total = missing.stream().mapToLong(RepositoryFile::size).sum();
    try (var progress = Progress.ofBytes("fetch", total, err)) {
      progress.doneBefore(total - snapshot.bytesToFetch(files));
      var before = new long[] {total - snapshot.bytesToFetch(files)};
      return snapshot.fetch(
          files,
          more -> {
            var known = Math.min(more, before[0]); // counted above
            before[0] -= known;
            progress.advance(more - known);
          });
    }
  }

  /** Bytes as people read them. */
  static String size(long bytes) {
    return bytes < 1_000_000
        ? String.format(Locale.ROOT, "%d kB", (bytes + 999) / 1000)
        : bytes < 1_000_000_000
            ? String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6)
            : String.format(Locale.ROOT, "%.2f GB", bytes * 1e-9);
  }

  /** Removes the outlines. */
  @Override
  public void close() throws IOException {
    for (var outline : outlines) {
      StagedPath.delete(outline);
    }
    outlines.clear();
  }
}
