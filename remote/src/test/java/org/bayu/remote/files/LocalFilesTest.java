package org.bayu.remote.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.standin.InMemoryGs;
import org.bayu.remote.standin.StandInHub;
import org.bayu.remote.standin.StoredFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The library's one door, from the library alone. */
class LocalFilesTest {
  private static final String CONFIG = "{\"of\": \"a model\"}";

  private static final String HEADER =
      "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";

  @TempDir private Path folder;
  private final List<String> messages = new ArrayList<>();
  private long shown;
  private String commit = "";
  private StandInHub hub;
  private LocalFiles files;

  @BeforeEach
  void start() throws IOException {
    InMemoryGs.install();
    hub = new StandInHub();
    model("org/small");
    dataset("data/train-00000-of-00002.csv", "prompt,completion\na,1\n");
    dataset("data/train-00001-of-00002.csv", "prompt,completion\nb,2\n");
    dataset("data/validation.jsonl", "{\"prompt\":\"c\",\"completion\":\"3\"}\n");
    hub.dataset("org/rows").commit();
    var environment =
        Map.of(
            "HF_ENDPOINT", hub.url(),
            "HF_HUB_CACHE", folder.resolve("hub").toString(),
            "BAYU_CACHE", folder.resolve("bayu").toString());
    files = new LocalFiles(environment, folder.resolve("home"), messages::add, this::watch);
  }

  @AfterEach
  void stop() throws IOException {
    files.close();
    hub.close();
  }

  private DownloadWatcher.Shown watch(long bytes, long before) {
    return new DownloadWatcher.Shown() {
      private long come = before;

      @Override
      public void accept(long more) {
        come += more;
        shown += more;
      }

      @Override
      public void close() {
        assertEquals(bytes, come);
      }
    };
  }

  private void model(String name) {
    hub.model(name).file("config.json", CONFIG);
    hub.model(name).file("pytorch_model.bin", "not read");
    hub.model(name)
        .add(
            "model.safetensors", new StoredFile(safetensors(HEADER + " ".repeat(70_000), 8), true));
    commit = hub.model(name).commit();
  }

  /** A file of a header and that many bytes of ones. */
  private static byte[] safetensors(String header, int data) {
    var bytes = new byte[8 + header.length() + data];
    Arrays.fill(bytes, (byte) 1);
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(header.length())
        .put(header.getBytes(StandardCharsets.US_ASCII));
    return bytes;
  }

  private void dataset(String path, String content) {
    hub.dataset("org/rows")
        .add(path, new StoredFile(content.getBytes(StandardCharsets.UTF_8), false));
  }

  private static Path gs(String name) {
    return Path.of(URI.create("gs://bucket/")).resolve(name);
  }

  @Test
  void aModelIsAFolderAnAddressOrAName() throws IOException {
    var byName = files.model("org/small");
    assertEquals(CONFIG, Files.readString(byName.folder().resolve("config.json")));
    assertTrue(Files.exists(byName.folder().resolve("model.safetensors")));
    assertFalse(Files.exists(byName.folder().resolve("pytorch_model.bin")));
    assertEquals(commit, byName.commit());
    assertTrue(shown > 0);
    assertTrue(messages.getFirst().startsWith("org/small at commit "), messages.getFirst());

    Files.writeString(gs("small/config.json"), CONFIG);
    Files.writeString(gs("small/model.safetensors"), "weights");
    Files.writeString(gs("small/pytorch_model.bin"), "not read");
    var inBucket = files.model("gs://bucket/small/");
    assertEquals(CONFIG, Files.readString(inBucket.folder().resolve("config.json")));
    assertFalse(Files.exists(inBucket.folder().resolve("pytorch_model.bin")));
    assertEquals("gs://bucket/small", files.text(inBucket.folder()));

    var here = Files.createDirectories(folder.resolve("small"));
    assertEquals(here, files.model(here.toString()).folder());
    assertEquals(here, files.adapter(here.toUri().toString()).folder());
  }

  @Test
  void settingsAreWithoutWeights() throws IOException {
    Files.writeString(gs("small/tokenizer.json"), "{}");
    Files.writeString(gs("small/model.safetensors"), "weights");
    for (var text : List.of("org/small", "gs://bucket/small")) {
      var settings = files.settings(text).folder();
      assertTrue(Files.exists(settings), text);
      assertFalse(Files.exists(settings.resolve("model.safetensors")), text);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"org/small", "gs://bucket/large"})
  void anOutlineHasHeadersAndSizesUntilItIsMadeWhole(String text) throws IOException {
    // A header that is longer than what is read first.
    var header = HEADER + " ".repeat(70_000);
    Files.write(gs("large/model.safetensors"), safetensors(header, 8));
    Files.writeString(gs("large/config.json"), CONFIG);
    Files.writeString(gs("large/model.bin"), "not read");
    var outline = files.outline(text, null);
    assertTrue(outline.isOutline());
    assertEquals(CONFIG, Files.readString(outline.folder().resolve("config.json")));
    assertFalse(Files.exists(outline.folder().resolve("model.bin")));
    assertFalse(Files.exists(folder.resolve("bayu/buckets/gs/bucket/large/model.safetensors")));
    var whole = files.whole(outline);
    assertFalse(whole.isOutline());
    var zeros = Files.readAllBytes(outline.folder().resolve("model.safetensors"));
    var ones = Files.readAllBytes(whole.folder().resolve("model.safetensors"));
    assertEquals(ones.length, zeros.length);
    assertEquals(ones.length - 8, Arrays.mismatch(ones, zeros));
    assertEquals(0, zeros[zeros.length - 1]);
    assertFalse(files.outline(text, null).isOutline(), "nothing is missing now");
    files.close();
    assertFalse(Files.exists(outline.folder()));
  }

  @Test
  void rowsAreAFileAnAddressOrTheFilesOfASplit() throws IOException {
    for (var text : List.of("data/rows.jsonl", "data/rows.csv.gz", "a/b/c", "rows")) {
      assertEquals(List.of(Path.of(text)), files.rows(text, "train"));
    }
    assertTrue(hub.server().questions().isEmpty());
    var train = files.rows("org/rows", "train");
    assertEquals(2, train.size());
    assertTrue(Files.readString(train.getLast()).endsWith("b,2\n"));
    var validation = files.rows("org/rows", "validation").getFirst();
    assertTrue(validation.startsWith(folder.resolve("hub/datasets--org--rows/snapshots")));
    Files.writeString(gs("rows.jsonl"), "{}");
    assertEquals("{}", Files.readString(files.rows("gs://bucket/rows.jsonl", "").getFirst()));
  }

  @Test
  void whatIsNowhereIsOneSentence() {
    var e = assertThrows(NotFoundException.class, () -> files.rows("org/missing", "train"));
    assertTrue(
        String.valueOf(e.getMessage()).startsWith("There is no file org/missing here. "),
        e.getMessage());
    assertInstanceOf(HubException.class, e.getCause());
    e = assertThrows(NotFoundException.class, () -> files.model("a/b/c"));
    assertEquals(
        "a/b/c is no folder. Give a folder, or a name on the Hub: org/name.", e.getMessage());
    for (var text : List.of("gs://B/x", "s4://bucket/x", "a\0b")) {
      assertThrows(IllegalArgumentException.class, () -> files.path(text));
    }
  }

  @Test
  void aPathAndItsTextAreOneAnother() {
    for (var text : List.of("a/b", "/a b", "gs://bucket/a b/ü#c")) {
      assertEquals(text, files.text(files.path(text)));
    }
    assertEquals(Path.of("/a b"), files.path("file:///a%20b"));
    assertTrue(files.path("gs://bucket/x").startsWith(folder.resolve("bayu/buckets/gs/bucket")));
  }
}
