package org.bayu.train.checkpoint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bayu.train.TrainState;
import org.bayu.train.TrainingStep;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointInfoTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static CheckpointInfo info() throws IOException {
    return new CheckpointInfo(
        CheckpointInfo.FORMAT,
        true,
        new TrainState.Progress(3, 70, 1, 1, new TrainingStep.Result(1.5, 2, 9, 8, 1, "NaN")),
        2,
        new RunDescription(
            "x",
            JSON.readTree("{\"trainer\": {\"seed\": 0}}"),
            "",
            new DataDescription(4, "ab", "shuffled"),
            new BaseDescription(
                JSON.readTree("{\"hidden_size\": 64}"), Map.of("a", "F32 [2]"), Map.of("f", 8L)),
            new RunDescription.Cut(100, true),
            List.of("AVX2")));
  }

  @Test
  void whatIsWrittenIsRead() throws IOException {
    assertEquals(info(), CheckpointInfo.parse(info().toJson()));
  }

  /** Every value in turn is null, a number, a text, a list, an object, or is not there. */
  @Test
  void aWrongValueIsSaidToBeOneOrDoesNoHarm() throws IOException {
    var changes = 0;
    for (var other : new String[] {"null", "-1", "1.5", "\"\"", "[]", "[null]", "{}", ""}) {
      for (var path : paths("", JSON.readTree(info().toJson()))) {
        var json = JSON.readTree(info().toJson());
        var slash = path.lastIndexOf('/');
        var parent = json.at(path.substring(0, slash));
        var name = path.substring(slash + 1);
        if (parent instanceof ArrayNode list) {
          list.set(Integer.parseInt(name), JSON.readTree(other.isEmpty() ? "7" : other));
        } else if (other.isEmpty()) {
          ((ObjectNode) parent).remove(name);
        } else {
          ((ObjectNode) parent).set(name, JSON.readTree(other));
        }
        CheckpointInfo read;
        try {
          read = CheckpointInfo.parse(JSON.writeValueAsBytes(json));
        } catch (DamagedCheckpointException e) {
          continue;
        }
        changes++;
        read.run().differences(info().run(), key -> false);
        info().run().differences(read.run(), key -> false);
        read.run().after(info().run().instructions());
      }
    }
    assertTrue(changes > 10, changes + " changes are no damage");
  }

  private static List<String> paths(String prefix, JsonNode node) {
    var paths = new ArrayList<String>();
    if (node.isObject()) {
      for (var field : node.properties()) {
        paths.add(prefix + "/" + field.getKey());
        paths.addAll(paths(prefix + "/" + field.getKey(), field.getValue()));
      }
    } else if (node.isArray()) {
      for (var i = 0; i < node.size(); i++) {
        paths.add(prefix + "/" + i);
      }
    }
    return paths;
  }

  @Test
  void bytesThatAreNoInfoAreDamaged() {
    for (var text : List.of("", "{}", "null", "[1]", "{\"format\": 0}", "\0\0\0", "\0\uffff")) {
      var bytes = text.getBytes(ISO_8859_1);
      assertThrows(DamagedCheckpointException.class, () -> CheckpointInfo.parse(bytes), text);
    }
    var e =
        assertThrows(
            DamagedCheckpointException.class,
            () -> CheckpointInfo.parse("{\"format\": 1000}".getBytes(ISO_8859_1)));
    assertEquals(
        "it has the format 1000 of a newer Bayu; this one reads formats up to 1", e.getMessage());
  }

  @Test
  void aDescriptionHas64MegabytesAtMost(@TempDir Path folder) throws IOException {
    try (var file = new RandomAccessFile(folder.resolve("checksums.json").toFile(), "rw")) {
      file.setLength((64 << 20) + 1); // takes no space on most disks
    }
    var e = assertThrows(DamagedCheckpointException.class, () -> Checkpoint.open(folder));
    assertEquals("checksums.json is too large", e.getMessage());
  }

  @Test
  void whatARunMustHaveIsNotNull() throws IOException {
    for (var path :
        List.of(
            "/progress", "/run", "/run/id", "/run/data/digest", "/run/base/files", "/run/cut")) {
      var json = JSON.readTree(info().toJson());
      var slash = path.lastIndexOf('/');
      ((ObjectNode) json.at(path.substring(0, slash))).putNull(path.substring(slash + 1));
      var bytes = JSON.writeValueAsBytes(json);
      assertThrows(DamagedCheckpointException.class, () -> CheckpointInfo.parse(bytes), path);
    }
  }
}
