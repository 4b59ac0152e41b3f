package org.bayu.finetune.model;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.config.ConfigPath;
import org.bayu.finetune.config.LocalFiles;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.ModelFiles;
import org.bayu.remote.hub.Snapshot;
import org.bayu.tensor.io.StagedPath;
import org.jspecify.annotations.Nullable;

/**
 * The one place that turns what a user names as a model, an adapter or rows into a local folder or
 * file: that folder or file itself, or a name on the Hub, whose files are fetched into the cache. A
 * local one wins over a name.
 *
 * <p>Every method takes the key or option that names it, for messages, and throws {@link
 * UserException} where there is no such folder, and a {@link HubException} where the files cannot
 * be had.
 */
public final class Models implements AutoCloseable {
  private final PrintWriter err;
  private final HubFiles hub;
  private final DataSets dataSets;
  private final List<Path> outlines = new ArrayList<>();

  /**
   * Models for a command.
   *
   * @param environment the process's variables
   * @param err is told what is fetched and how far that is
   */
  public Models(Map<String, String> environment, PrintWriter err) {
    this.err = err;
    hub = new HubFiles(environment, err);
    dataSets = new DataSets(hub);
  }

  /** The process's variables. */
  public Map<String, String> environment() {
    return hub.environment();
  }

  /** The user's folder. */
  public static Path home() {
    return Path.of(System.getProperty("user.home", ""));
  }

  /** All files of a model. */
  public Found model(String key, String text) throws IOException {
    return model(key, text, null);
  }

  /** The same at a commit; null for that of the name. */
  public Found model(String key, String text, @Nullable String commit) throws IOException {
    var name = name(key, text);
    if (name == null) {
      return local(key, text, files()::fetchedModel);
    }
    var snapshot = find(name, commit);
    return found(text, name, snapshot, hub.fetch(name, snapshot, ModelFiles.model(snapshot)));
  }

  /** All files of an adapter; null for none. */
  public @Nullable Found adapter(String key, @Nullable String text) throws IOException {
    if (text == null) {
      return null;
    }
    var name = name(key, text);
    if (name == null) {
      return local(key, text, files()::fetchedModel);
    }
    var snapshot = find(name, null);
    return found(text, name, snapshot, hub.fetch(name, snapshot, ModelFiles.adapter(snapshot)));
  }

  /** Configuration and tokenizer of a model or an adapter. */
  public Found settings(String key, String text) throws IOException {
    var name = name(key, text);
    if (name == null) {
      return local(key, text, files()::fetchedSettings);
    }
    var snapshot = find(name, null);
    return found(text, name, snapshot, snapshot.fetch(ModelFiles.settings(snapshot), _ -> {}));
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
    var snapshot = find(name, commit);
    var files = ModelFiles.model(snapshot);
    hub.say(name, snapshot, files);
    if (snapshot.missing(files).isEmpty()) {
      return found(text, name, snapshot, snapshot.folder());
    }
    var folder = Files.createTempDirectory("bayu-outline");
    outlines.add(folder);
    ModelFiles.outline(snapshot, folder);
    return new Found(text, folder, name, snapshot.commit(), true);
  }

  /** The same model with its weights, fetched now if it is an outline. */
  public Found whole(Found model) throws IOException {
    if (model.name() == null || !model.isOutline()) {
      return model;
    }
    var name = model.name();
    var snapshot = find(name, model.commit());
    var folder = hub.fetchQuietly(snapshot, ModelFiles.model(snapshot));
    return found(model.text(), name, snapshot, folder);
  }

  /**
   * The file with the rows that a user named. If a split has several files, theirs are in one,
   * which lives as long as this object.
   *
   * @param named a file, which need not exist, or the name of a data set on the Hub
   * @param split of a data set on the Hub, such as {@code train}
   */
  public Path rows(Path named, String split) throws IOException {
    return files().fetched(dataSets.rows(named, split));
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

  private Snapshot find(HubName name, @Nullable String commit) throws IOException {
    return hub.find(HubRepository.model(name), name, commit, "folder");
  }

  private static Found found(String text, HubName name, Snapshot snapshot, Path folder) {
    return new Found(text, folder, name, snapshot.commit(), false);
  }

  /** Removes the outlines, and the files of rows that were made. */
  @Override
  public void close() throws IOException {
    for (var outline : outlines) {
      StagedPath.delete(outline);
    }
    outlines.clear();
    dataSets.close();
  }
}
