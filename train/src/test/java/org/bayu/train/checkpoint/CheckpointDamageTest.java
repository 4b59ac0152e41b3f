package org.bayu.train.checkpoint;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.bayu.tensor.io.Crc32c;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A checkpoint that is not as it was written is named, and the one before it is taken. */
class CheckpointDamageTest {
  private static final Path WHOLE = Path.of("src/test/resources/checkpoints/format-1");
  private static final List<String> FILES =
      List.of(
          "checkpoint.json",
          "checksums.json",
          "first_moments.safetensors",
          "parameters.safetensors",
          "second_moments.safetensors");

  @TempDir private Path temporary;
  private Checkpoints checkpoints;
  private final List<String> messages = new ArrayList<>();

  @BeforeEach
  void twoCheckpoints() throws IOException {
    checkpoints = new Checkpoints(temporary);
    for (var done : List.of(7, 9)) {
      Files.createDirectory(checkpoints.path(done));
      for (var name : FILES) {
        Files.copy(WHOLE.resolve(name), checkpoints.path(done).resolve(name));
      }
    }
  }

  private Path file(String name) {
    return checkpoints.path(9).resolve(name);
  }

  private void assertPassedOver(String reason) throws IOException {
    messages.clear();
    assertEquals(
        checkpoints.path(7), checkpoints.newestWhole(messages::add).orElseThrow().folder());
    assertEquals(1, messages.size());
    assertTrue(
        messages.getFirst().startsWith(checkpoints.path(9) + ": this checkpoint is passed over: "),
        messages::getFirst);
    assertTrue(messages.getFirst().contains(reason), messages::getFirst);
    assertThrows(DamagedCheckpointException.class, () -> Checkpoint.open(checkpoints.path(9)));
  }

  @Test
  void withoutDamageTheNewestIsTaken() throws IOException {
    assertEquals(
        checkpoints.path(9), checkpoints.newestWhole(messages::add).orElseThrow().folder());
    assertEquals(List.of(), messages);
  }

  @Test
  void aByteThatChangedIsFound() throws IOException {
    var random = new SplittableRandom(3);
    for (var name : FILES) {
      var whole = Files.readAllBytes(file(name));
      for (var time = 0; time < 20; time++) {
        var bytes = whole.clone();
        bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        Files.write(file(name), bytes);
        if (name.equals("checksums.json") && isStillTheSame(bytes, whole)) {
          continue;
        }
        assertPassedOver("");
      }
      Files.write(file(name), whole);
    }
  }

  /** White space between the names says nothing. */
  private static boolean isStillTheSame(byte[] json, byte[] whole) {
    try {
      var mapper = new JsonMapper();
      return mapper.readTree(json).equals(mapper.readTree(whole));
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void aFileThatIsMissingOrNoneIsNamed() throws IOException {
    for (var name : FILES) {
      var whole = Files.readAllBytes(file(name));
      Files.delete(file(name));
      assertPassedOver(name + " is missing");
      Files.createDirectory(file(name));
      assertPassedOver(name + " is missing");
      Files.delete(file(name));
      Files.write(file(name), whole);
    }
  }

  @Test
  void aFileThatWasCutShortIsNamed() throws IOException {
    for (var name : FILES) {
      var whole = Files.readAllBytes(file(name));
      for (var length : new int[] {0, 1, whole.length / 2, whole.length - 1}) {
        Files.write(file(name), Arrays.copyOf(whole, length));
        assertPassedOver(name);
      }
      Files.write(file(name), whole);
    }
  }

  @Test
  void anEmptyFolderAndAFileAreNoCheckpoints() throws IOException {
    for (var name : FILES) {
      Files.delete(file(name));
    }
    assertPassedOver("checksums.json is missing");
    Files.delete(checkpoints.path(9));
    Files.writeString(checkpoints.path(9), "");
    assertPassedOver("checksums.json is missing");
  }

  /** A newer format may have other files, so its number is looked at first. */
  @Test
  void aNewerFormatIsNamed() throws IOException {
    var json =
        Files.readString(file("checkpoint.json")).replace("\"format\" : 1,", "\"format\" : 2,");
    Files.writeString(file("checkpoint.json"), json);
    var mapper = new JsonMapper();
    var sums = (ObjectNode) mapper.readTree(Files.readAllBytes(file("checksums.json")));
    ((ObjectNode) sums.get("checkpoint.json"))
        .put(
            "crc32c",
            String.format(
                Locale.ROOT, "%08x", Crc32c.of(MemorySegment.ofArray(json.getBytes(UTF_8)))));
    sums.remove("second_moments.safetensors");
    Files.delete(file("second_moments.safetensors"));
    Files.write(file("checksums.json"), mapper.writeValueAsBytes(sums));
    assertPassedOver("of a newer Bayu; this one reads formats up to 1");
  }
}
