package org.bayu.remote.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Which files of a data set a split consists of. */
final class DataFilesTest {
  private static Snapshot snapshot(String... paths) throws HubException {
    var environment = HubEnvironment.of(Map.of("HF_HUB_CACHE", "/nowhere"), Path.of("/nowhere"));
    var repository = HubRepository.dataset(new HubName("org/data", HubName.MAIN));
    var files =
        Stream.of(paths)
            .map(path -> new RepositoryFile(path, 1, "a".repeat(40), null, null))
            .toList();
    return new Snapshot(
        Hub.of(environment, _ -> {}),
        repository,
        "b".repeat(40),
        files,
        true,
        new CacheFolder(environment.cache(), repository),
        true);
  }

  private static List<String> files(String split, String... paths) throws HubException {
    return DataFiles.of(snapshot(paths), split).stream().map(RepositoryFile::path).toList();
  }

  @Test
  void aSplitIsAWordOfThePath() throws HubException {
    String[] viggo = {
      ".gitattributes",
      "README.md",
      "dataset_infos.json",
      "data/challenge_train_1_percent-00000-of-00001.parquet",
      "viggo/test-00000-of-00001.parquet",
      "viggo/train-00000-of-00002.parquet",
      "viggo/train-00001-of-00002.parquet",
      "viggo/validation-00000-of-00001.parquet"
    };
    assertEquals(List.of("viggo/validation-00000-of-00001.parquet"), files("validation", viggo));
    assertEquals(List.of("viggo/test-00000-of-00001.parquet"), files("test", viggo));
    assertEquals(
        List.of("viggo/train-00000-of-00002.parquet", "viggo/train-00001-of-00002.parquet"),
        files("train", viggo));
    assertEquals(
        List.of("data/challenge_train_1_percent-00000-of-00001.parquet"),
        files("challenge_train_1_percent", viggo));
    assertEquals(List.of("val.csv"), files("validation", "val.csv", "training.csv"));
    assertEquals(List.of("dev/a.jsonl"), files("validation", "dev/a.jsonl", "contest.jsonl"));
  }

  @Test
  void filesWithoutASplitAreTheTrainingData() throws HubException {
    assertEquals(List.of("alpaca_data.json"), files("train", "alpaca_data.json", "README.md"));
    assertEquals(List.of("rows.jsonl"), files("train", "rows.jsonl", "rows.csv"));
  }

  @Test
  void aMissingSplitIsNamedWithThoseThatAreThere() {
    assertEquals(
        "org/data has no split test, but train, validation.",
        assertThrows(HubException.class, () -> files("test", "train.csv", "dev.csv")).getMessage());
    assertEquals(
        "org/data has no files of JSON Lines, CSV or Parquet.",
        assertThrows(HubException.class, () -> files("train", "README.md")).getMessage());
  }
}
