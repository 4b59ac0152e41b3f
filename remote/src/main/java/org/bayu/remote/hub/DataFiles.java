package org.bayu.remote.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;

/**
 * Which files of a repository are a split of a data set, by their names, as the Hub's own rules go:
 * a file belongs to a split if the split's name, or another word for it, is a word of the file's
 * name or of a folder's, as in {@code data/train-00000-of-00002.parquet}, {@code validation.jsonl}
 * or {@code test/rows.csv}. Files that are called so and nothing more win. If no file names any
 * split, all are {@code train}.
 */
public final class DataFiles {
  private static final List<String> EXTENSIONS =
      List.of(".jsonl", ".jsonl.gz", ".ndjson", ".json", ".json.gz", ".csv", ".csv.gz", ".parquet");

  /** What follows a split's name in that of a file. */
  private static final Pattern SHARD =
      Pattern.compile("([-_.]\\d+([-_.]of[-_.]\\d+)?)?(\\.[a-z]+)+$");

  /** Other words for a split. */
  private enum Split {
    TRAIN("train|training"),
    VALIDATION("validation|valid|val|dev"),
    TEST("test|testing|eval|evaluation");

    private final String alternatives;
    private final Pattern pattern;

    Split(String alternatives) {
      this.alternatives = alternatives;
      pattern = word(alternatives);
    }

    /** The usual word, and the others. */
    private List<String> words() {
      return List.of(alternatives.split("\\|", -1));
    }

    private static Optional<Split> of(String word) {
      return List.of(values()).stream().filter(split -> split.words().contains(word)).findFirst();
    }
  }

  private DataFiles() {}

  private static Pattern word(String words) {
    return Pattern.compile("(?<![a-z0-9])(" + words + ")(?![a-z])");
  }

  /**
   * The files of a split, by their paths; more than one if it is sharded. Among several formats
   * Parquet comes first, then JSON Lines.
   *
   * @param split {@code train}, {@code validation}, {@code test}, or a word in the files' names
   * @throws HubException if there is none
   */
  public static List<RepositoryFile> of(Snapshot snapshot, String split) throws HubException {
    var data = snapshot.files().stream().filter(DataFiles::isData).toList();
    var known = Split.of(split.toLowerCase(Locale.ROOT));
    var words = known.map(each -> each.words()).orElse(List.of(split.toLowerCase(Locale.ROOT)));
    var files = exact(data, words);
    if (files.isEmpty()) {
      var pattern =
          known.map(each -> each.pattern).orElseGet(() -> word(Pattern.quote(words.getFirst())));
      files = data.stream().filter(file -> matches(file, pattern)).toList();
    }
    if (files.isEmpty() && known.equals(Optional.of(Split.TRAIN)) && splits(data).isEmpty()) {
      files = data;
    }
    if (files.isEmpty()) {
      throw new HubException(Reason.NO_FILE, missing(snapshot, split, data));
    }
    return ofOneFormat(files);
  }

  private static boolean isData(RepositoryFile file) {
    var path = file.path().toLowerCase(Locale.ROOT);
    var name = path.substring(path.lastIndexOf('/') + 1);
    return EXTENSIONS.stream().anyMatch(name::endsWith)
        && !name.startsWith(".")
        && !name.equals("dataset_infos.json")
        && !name.equals("dataset_info.json");
  }

  /**
   * Files that have a word as their whole name or as that of a folder, but for a shard's number.
   */
  private static List<RepositoryFile> exact(List<RepositoryFile> data, List<String> words) {
    return data.stream()
        .filter(
            file ->
                Stream.of(file.path().toLowerCase(Locale.ROOT).split("/", -1))
                    .map(part -> SHARD.matcher(part).replaceFirst(""))
                    .anyMatch(words::contains))
        .toList();
  }

  private static boolean matches(RepositoryFile file, Pattern pattern) {
    return pattern.matcher(file.path().toLowerCase(Locale.ROOT)).find();
  }

  private static Set<String> splits(List<RepositoryFile> data) {
    var splits = new TreeSet<String>();
    for (var split : Split.values()) {
      if (data.stream().anyMatch(file -> matches(file, split.pattern))) {
        splits.add(split.words().getFirst());
      }
    }
    return splits;
  }

  private static String missing(Snapshot snapshot, String split, List<RepositoryFile> data) {
    var id = snapshot.repository().id();
    if (data.isEmpty()) {
      return "%s has no files of JSON Lines, CSV or Parquet.".formatted(id);
    }
    var splits = splits(data);
    return splits.isEmpty()
        ? "%s has no split %s; none of its files names one.".formatted(id, Printable.name(split))
        : "%s has no split %s, but %s."
            .formatted(id, Printable.name(split), String.join(", ", splits));
  }

  /** The same rows are often there in several formats. */
  private static List<RepositoryFile> ofOneFormat(List<RepositoryFile> files) {
    for (var format : List.of(".parquet", ".jsonl", ".jsonl.gz", ".ndjson")) {
      var some = new ArrayList<>(files);
      some.removeIf(file -> !file.path().toLowerCase(Locale.ROOT).endsWith(format));
      if (!some.isEmpty()) {
        return some;
      }
    }
    return files;
  }
}
