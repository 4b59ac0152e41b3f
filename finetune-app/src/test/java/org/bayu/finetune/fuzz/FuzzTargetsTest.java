package org.bayu.finetune.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.Arrays;
import java.util.List;
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
