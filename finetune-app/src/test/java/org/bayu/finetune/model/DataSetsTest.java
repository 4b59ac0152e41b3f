package org.bayu.finetune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bayu.finetune.error.UserException;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StoredFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows by the name of a data set on the Hub. */
class DataSetsTest {
  @TempDir private Path folder;
  private StandInHub hub;
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void start() throws IOException {
    hub = new StandInHub();
    add("data/train-00000-of-00002.csv", "prompt,completion\na,1\n");
    add("data/train-00001-of-00002.csv", "prompt,completion\nb,2\n");
    add("data/validation.jsonl", "{\"prompt\":\"c\",\"completion\":\"3\"}\n");
    hub.dataset("org/rows").commit();
  }

  private void add(String path, String content) {
    hub.dataset("org/rows")
        .add(path, new StoredFile(content.getBytes(StandardCharsets.UTF_8), false));
  }

  @AfterEach
  void stop() throws IOException {
    hub.close();
  }

  private DataSets dataSets() {
    return new DataSets(
        new HubFiles(
            Map.of("HF_ENDPOINT", hub.url(), "HF_HUB_CACHE", folder.resolve("hub").toString()),
            new PrintWriter(err, true)));
  }

  @Test
  void aSplitOfOneFileIsThatFileInTheCache() throws IOException {
    try (var dataSets = dataSets()) {
      var rows = dataSets.rows(Path.of("org/rows"), "validation");
      assertTrue(rows.startsWith(folder.resolve("hub/datasets--org--rows/snapshots")), "" + rows);
      assertTrue(Files.readString(rows).contains("\"c\""));
      assertTrue(err.toString().startsWith("org/rows at commit "), err.toString());
    }
  }

  @Test
  void theFilesOfASplitAreJoinedInTheirOrder() throws IOException {
    Path rows;
    try (var dataSets = dataSets()) {
      rows = dataSets.rows(Path.of("org/rows"), "train");
      assertEquals(
          "{\"prompt\":\"a\",\"completion\":\"1\"}\n{\"prompt\":\"b\",\"completion\":\"2\"}\n",
          Files.readString(rows));
    }
    assertFalse(Files.exists(rows));
  }

  @Test
  void aFileAndWhatIsCalledLikeOneAreNotLookedUp() throws IOException {
    try (var dataSets = dataSets()) {
      for (var name : new String[] {"data/rows.jsonl", "data/rows.csv.gz", "a/b/c", "rows"}) {
        assertEquals(Path.of(name), dataSets.rows(Path.of(name), "train"));
      }
      assertTrue(hub.server().questions().isEmpty());
    }
  }

  @Test
  void anUnknownNameIsOneSentenceOfBoth() throws IOException {
    try (var dataSets = dataSets()) {
      var e =
          assertThrows(UserException.class, () -> dataSets.rows(Path.of("org/missing"), "train"));
      assertTrue(
          String.valueOf(e.getMessage()).startsWith("There is no file org/missing here. "),
          e.getMessage());
    }
  }
}
