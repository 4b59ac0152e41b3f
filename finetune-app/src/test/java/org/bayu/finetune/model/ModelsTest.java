package org.bayu.finetune.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bayu.finetune.error.UserException;
import org.bayu.llama.hf.HfCheckpoint;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StoredFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelsTest {
  @TempDir private Path folder;

  private Models models(String url) {
    return new Models(
        Map.of("HF_ENDPOINT", url, "HF_HUB_CACHE", folder.resolve("hub").toString()),
        new PrintWriter(new StringWriter()));
  }

  @Test
  void theFilesOfASplitAreJoinedInTheirOrder() throws IOException {
    try (var hub = new StandInHub()) {
      for (var shard = 1; shard <= 2; shard++) {
        var text = "prompt,completion\na,%s\n".formatted(shard);
        hub.dataset("org/rows")
            .add(
                "train-0000" + shard + "-of-00002.csv",
                new StoredFile(text.getBytes(StandardCharsets.UTF_8), false));
      }
      hub.dataset("org/rows").commit();
      Path rows;
      try (var models = models(hub.url())) {
        rows = models.rows(Path.of("org/rows"), "train");
        assertEquals(
            "{\"prompt\":\"a\",\"completion\":\"1\"}\n{\"prompt\":\"a\",\"completion\":\"2\"}\n",
            Files.readString(rows));
      }
      assertFalse(Files.exists(rows));
    }
  }

  @Test
  void allThatASaveTakesOverIsFetched() throws IOException {
    try (var hub = new StandInHub()) {
      HfCheckpoint.COMPANIONS.forEach(name -> hub.model("org/small").file(name, "{}"));
      hub.model("org/small").file("config.json", "{}").file("model.safetensors", "").commit();
      try (var models = models(hub.url())) {
        for (var found : List.of(models.settings("", "org/small"), models.model("", "org/small"))) {
          assertEquals(
              HfCheckpoint.COMPANIONS.size(), HfCheckpoint.companions(found.folder()).size());
        }
      }
    }
  }

  @Test
  void aMissingFolderIsNamedWithItsKey() throws IOException {
    try (var models = models("http://127.0.0.1:1")) {
      var missing = folder.resolve("none").toString();
      var e = assertThrows(UserException.class, () -> models.model("--model", missing));
      assertEquals(
          "--model: %s is no folder. Give a folder, or a name on the Hub: org/name."
              .formatted(missing),
          e.getMessage());
      e = assertThrows(UserException.class, () -> models.settings("--tokenizer", "gs://B/x"));
      assertEquals(
          "--tokenizer: the address behind gs:// must begin with the name of a bucket: 3 or more of"
              + " a-z, 0-9, '-', '_' and '.'.",
          e.getMessage());
    }
  }
}
