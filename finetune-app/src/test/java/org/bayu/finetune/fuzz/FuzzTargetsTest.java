package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FuzzTargetsTest {
  @Test
  void everySeedIsReadWithoutComplaint() throws IOException {
    for (var target : Targets.all().entrySet()) {
      assertFalse(target.getValue().seeds().isEmpty(), target.getKey());
      for (var seed : target.getValue().seeds()) {
        target.getValue().readSeed(seed);
      }
    }
  }

  @Test
  void damagedSeedsEndInASentence() {
    for (var target : Targets.all().values()) {
      for (var seed : target.seeds()) {
        for (var length : List.of(0, 1, seed.length / 2, seed.length - 1)) {
          target.read(Arrays.copyOf(seed, length));
        }
      }
    }
  }

  /** A few edits for each kind of file: the fuzzer makes the others. */
  @Test
  void editedSeedsEndInASentence() {
    var random = new Random(1);
    for (var target : Targets.all().values()) {
      for (var count = 0; count < 100; count++) {
        var script = new byte[2 + 5 * (1 + random.nextInt(3))];
        random.nextBytes(script);
        script[0] = JsonEdits.MARK;
        target.read(script);
      }
    }
  }

  @Test
  void anEditedFileIsAFileAgain() {
    var json = "{\"a\": {\"b\": [1, 2]}}".getBytes(UTF_8);
    var removed = JsonEdits.edit(new byte[] {JsonEdits.MARK, 0, 0, 0, 3, 0, 0}, List.of(json));
    assertEquals("{\"a\":{\"b\":[1]}}", new String(removed, UTF_8));
    var lines = "{\"a\": 1}\n{\"b\": 2}\n".getBytes(UTF_8);
    var set = JsonEdits.edit(new byte[] {JsonEdits.MARK, 0, 1, 0, 0, 0, 14}, List.of(lines));
    assertEquals("{\"a\":\"\"}\n{\"b\": 2}\n", new String(set, UTF_8));
    var tensors = "\7\0\0\0\0\0\0\0{\"a\":1}data".getBytes(UTF_8);
    var longer =
        JsonEdits.edit(new byte[] {JsonEdits.MARK, 0, 5, 0, 0, 0, (byte) 137}, List.of(tensors));
    assertEquals("\10\0\0\0\0\0\0\0{\"a\":10}data", new String(longer, UTF_8));
  }

  @Test
  void anExceptionThatIsNoSentenceIsAFinding() {
    var file =
        new FuzzedFile(
            "x",
            _ -> {
              throw new IllegalArgumentException("index 3 out of bounds");
            });
    assertThrows(AssertionError.class, () -> file.read("x".getBytes(UTF_8)));
  }

  @Test
  void aNoteWithControlCharactersIsAFinding() {
    var file = new FuzzedFile("x", _ -> List.of("a \u001b[31mred note"));
    assertThrows(AssertionError.class, () -> file.read("x".getBytes(UTF_8)));
  }

  @Test
  void aSentenceIsNone() {
    var file =
        new FuzzedFile(
            "x",
            path -> {
              throw new NoSuchFileException(path.toString());
            });
    file.read("x".getBytes(UTF_8));
  }
}
