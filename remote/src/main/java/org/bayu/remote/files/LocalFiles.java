package org.bayu.remote.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.bayu.remote.bucket.Buckets;
import org.bayu.remote.hub.DataFiles;
import org.bayu.remote.hub.HubEnvironment;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.ModelFiles;
import org.bayu.remote.hub.Snapshot;
import org.bayu.tensor.io.StagedPath;
import org.jspecify.annotations.Nullable;

/**
 * The one place that turns what a user names as a model, an adapter, rows or another file into
 * local files. That is a path; an address in a bucket, {@code gs://bucket/path}, whose copy is
 * brought here; or a name on the Hub, {@code org/name} or {@code org/name@revision}, whose files
 * are fetched into the cache. What is here under a name wins over the Hub.
 *
 * <p>Methods that take a text throw an {@link IllegalArgumentException} where it cannot be a path,
 * with the reason, without the full stop; a {@link NotFoundException} where there is no such file
 * or folder; a {@link HubException} or a {@link org.bayu.remote.bucket.BucketException} where the
 * files cannot be had.
 *
 * <p>Nothing is asked before a method needs it. Not for several threads at once.
 */
public final class LocalFiles implements AutoCloseable {
  /** Weights in forms that Bayu does not read, which often lie beside those that it does. */
  private static final Predicate<String> MODEL =
      Pattern.compile("(?i).*/.*|.*\\.(bin|pth?|h5|msgpack|gguf|onnx|ckpt)")
          .asMatchPredicate()
          .negate();

  private static final Predicate<String> WEIGHTS = MODEL.and(name -> name.endsWith(".safetensors"));
  private static final Predicate<String> SETTINGS = MODEL.and(WEIGHTS.negate());

  /** Names that mean a file of rows, whether there is one or not. */
  private static final Pattern ROWS =
      Pattern.compile("(?i).*\\.(jsonl?|ndjson|csv|tsv|txt|parquet|ya?ml|gz|zip)");

  private final Map<String, String> environment;
  private final Path home;
  private final Consumer<String> messages;
  private final HubFiles hub;
  private final Buckets buckets;
  private final PathText paths;
  private final List<Path> outlines = new ArrayList<>();

  /**
   * Files as these variables say where caches, Hub and credentials are.
   *
   * @param environment the process's variables
   * @param home the user's folder
   * @param messages takes a line before much is fetched, and what a user should know; called by any
   *     thread
   * @param watcher shows how far downloads are
   */
  public LocalFiles(
      Map<String, String> environment,
      Path home,
      Consumer<String> messages,
      DownloadWatcher watcher) {
    this.environment = Map.copyOf(environment);
    this.home = home;
    this.messages = messages;
    hub = new HubFiles(messages, watcher);
    buckets = Buckets.of(environment, home, messages);
    paths = new PathText(buckets);
  }

  /** Files of this process's user. */
  public static LocalFiles ofProcess(Consumer<String> messages) {
    var home = Path.of(System.getProperty("user.home", ""));
    return new LocalFiles(System.getenv(), home, messages, DownloadWatcher.NONE);
  }

  /** The process's variables. */
  public Map<String, String> environment() {
    return environment;
  }

  /** The user's folder. */
  public Path home() {
    return home;
  }

  /** What is in buckets, by the paths that {@link #path} makes. */
  public Buckets buckets() {
    return buckets;
  }

  /**
   * Where the Hub and its cache are.
   *
   * @throws HubException if the environment's address of the Hub is none
   */
  public HubEnvironment hub() throws HubException {
    return HubEnvironment.of(environment, home);
  }

  /**
   * The local path that a path, an address in a bucket, or a URI of an installed file system stands
   * for. Nothing is fetched.
   */
  public Path path(String text) {
    return paths.path(text);
  }

  /** The text that {@link #path} makes the path of. */
  public String text(Path path) {
    return paths.text(path);
  }

  /** Brings a file, or a folder with all in it; returns the path. Others stay as they are. */
  public Path fetched(Path path) throws IOException {
    buckets.fetch(path);
    return path;
  }

  /** The same for a model's or an adapter's folder, without what Bayu does not read of it. */
  public Path fetchedModel(Path folder) throws IOException {
    buckets.fetch(folder, MODEL);
    return folder;
  }

  /** All files of a model. */
  public Found model(String text) throws IOException {
    return model(text, null);
  }

  /** The same at a commit of the Hub's repository; null for that of the name. */
  public Found model(String text, @Nullable String commit) throws IOException {
    var name = name(text);
    if (name == null) {
      return folder(text, MODEL);
    }
    var snapshot = find(name, commit);
    return found(text, name, snapshot, hub.fetch(name, snapshot, ModelFiles.model(snapshot)));
  }

  /** All files of an adapter. */
  public Found adapter(String text) throws IOException {
    var name = name(text);
    if (name == null) {
      return folder(text, MODEL);
    }
    var snapshot = find(name, null);
    return found(text, name, snapshot, hub.fetch(name, snapshot, ModelFiles.adapter(snapshot)));
  }

  /** Configuration and tokenizer of a model or an adapter. */
  public Found settings(String text) throws IOException {
    var name = name(text);
    if (name == null) {
      return folder(text, SETTINGS);
    }
    var snapshot = find(name, null);
    return found(text, name, snapshot, snapshot.fetch(ModelFiles.settings(snapshot), _ -> {}));
  }

  /**
   * A model's folder to plan with. If weights would have to be fetched, only their headers are, and
   * {@link Found#isOutline} is true: the folder lives as long as this object. Says what a download
   * from the Hub would take.
   *
   * @param commit of the Hub's repository; null for that of the name
   */
  public Found outline(String text, @Nullable String commit) throws IOException {
    var name = name(text);
    if (name == null) {
      return outline(text);
    }
    var snapshot = find(name, commit);
    var files = ModelFiles.model(snapshot);
    hub.say(name, snapshot, files);
    if (snapshot.missing(files).isEmpty()) {
      return found(text, name, snapshot, snapshot.folder());
    }
    var outline = newOutline();
    Outline.of(snapshot, files, WEIGHTS).writeTo(outline);
    return new Found(text, outline, name, snapshot.commit(), true);
  }

  private Found outline(String text) throws IOException {
    var folder = path(text);
    var weights = buckets.files(folder, WEIGHTS);
    if (weights.stream().allMatch(Buckets.StoredFile::isHere)) {
      return folder(text, MODEL);
    }
    buckets.fetch(folder, SETTINGS);
    var outline = newOutline();
    Outline.of(buckets, folder, weights, SETTINGS).writeTo(outline);
    return new Found(text, outline, null, null, true);
  }

  private Path newOutline() throws IOException {
    var folder = Files.createTempDirectory("bayu-outline");
    outlines.add(folder);
    return folder;
  }

  /** The same model with its weights, fetched now if it is an outline. */
  public Found whole(Found model) throws IOException {
    var name = model.name();
    if (!model.isOutline()) {
      return model;
    }
    if (name == null) {
      return folder(model.text(), MODEL);
    }
    var snapshot = find(name, model.commit());
    var folder = hub.fetchQuietly(snapshot, ModelFiles.model(snapshot));
    return found(model.text(), name, snapshot, folder);
  }

  /**
   * The files with the rows that a user named: a path's or an address's one file, which need not
   * exist, or those of a split of a data set on the Hub.
   *
   * @param split such as {@code train}
   */
  public List<Path> rows(String text, String split) throws IOException {
    var name = dataset(text);
    if (name == null) {
      return List.of(fetched(path(text)));
    }
    var snapshot = hub.find(hub(), HubRepository.dataset(name), name, null, "file");
    var files = DataFiles.of(snapshot, split);
    var folder = hub.fetch(name, snapshot, files);
    return files.stream().map(file -> folder.resolve(file.path())).toList();
  }

  /** Whether a user named a data set on the Hub, and not a file. */
  public boolean isDataset(String text) {
    return dataset(text) != null;
  }

  private @Nullable HubName dataset(String text) {
    return ROWS.matcher(text).matches() || Files.exists(path(text))
        ? null
        : HubName.parse(text).orElse(null);
  }

  private Found folder(String text, Predicate<String> wanted) throws IOException {
    var folder = path(text);
    buckets.fetch(folder, wanted);
    if (!Files.isDirectory(folder)) {
      throw new NotFoundException(
          text + " is no folder. Give a folder, or a name on the Hub: org/name.", null);
    }
    return new Found(text, folder, null, null, false);
  }

  /** The name on the Hub that a text means; null where it means a folder. */
  private @Nullable HubName name(String text) {
    var name = HubName.parse(text).orElse(null);
    if (name == null) {
      return null;
    }
    if (Files.exists(path(text))) {
      messages.accept(text + ": the folder here is used, and nothing is looked up on the Hub.");
      return null;
    }
    return name;
  }

  private Snapshot find(HubName name, @Nullable String commit) throws IOException {
    return hub.find(hub(), HubRepository.model(name), name, commit, "folder");
  }

  private static Found found(String text, HubName name, Snapshot snapshot, Path folder) {
    return new Found(text, folder, name, snapshot.commit(), false);
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
