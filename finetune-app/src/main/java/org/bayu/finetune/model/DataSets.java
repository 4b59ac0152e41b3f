package org.bayu.finetune.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.bayu.remote.hub.DataFiles;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.train.data.RowFile;

/**
 * Turns what a user names as rows into a local file: the file itself, or a split of a data set on
 * the Hub, {@code org/name} or {@code org/name@revision}, which is fetched into the cache. A file
 * wins over a name.
 */
final class DataSets implements AutoCloseable {
  /** Names that mean a file, whether there is one or not. */
  private static final Pattern FILE =
      Pattern.compile("(?i).*\\.(jsonl?|ndjson|csv|tsv|txt|parquet|ya?ml|gz|zip)");

  private final HubFiles hub;
  private final List<Path> joined = new ArrayList<>();

  DataSets(HubFiles hub) {
    this.hub = hub;
  }

  /**
   * The file with the rows that a user named. If a split has several files, theirs are in one,
   * which lives as long as this object.
   *
   * @param named a file, which need not exist, or a name on the Hub
   * @param split of a data set on the Hub, such as {@code train}
   * @throws org.bayu.remote.hub.HubException if the files cannot be had
   */
  Path rows(Path named, String split) throws IOException {
    var text = named.toString();
    var name = HubName.parse(text).orElse(null);
    if (name == null || FILE.matcher(text).matches() || Files.exists(named)) {
      return named;
    }
    var snapshot = hub.find(HubRepository.dataset(name), name, null, "file");
    var files = DataFiles.of(snapshot, split);
    var folder = hub.fetch(name, snapshot, files);
    var paths = files.stream().map(file -> folder.resolve(file.path())).toList();
    return paths.size() == 1 ? paths.getFirst() : join(paths);
  }

  private Path join(List<Path> files) throws IOException {
    var file = Files.createTempFile("bayu-rows", ".jsonl");
    joined.add(file);
    RowFile.join(files, file);
    return file;
  }

  /** Removes the files that were made. */
  @Override
  public void close() throws IOException {
    for (var file : joined) {
      Files.deleteIfExists(file);
    }
    joined.clear();
  }
}
