package org.bayu.finetune.evaluate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConfusionImageTest {
  private static ConfusionMatrix matrix(int names) {
    var pairs = new ArrayList<Pair>();
    for (var name = 0; name < names; name++) {
      for (var row = 0; row < 3; row++) {
        var predicted = "f" + (row == 0 ? name : name / 2) + "(a[1])";
        pairs.add(Pair.of(new Prediction("", "f" + name + "(a[1])", predicted)));
      }
    }
    return ConfusionMatrix.of(pairs);
  }

  @Test
  void theImageHasACellForEachPair() {
    var small = ConfusionImage.of(matrix(2)).orElseThrow();
    var large = ConfusionImage.of(matrix(12)).orElseThrow();
    assertEquals(10 * 44, large.width() - small.width());
    assertEquals(10 * 20, large.height() - small.height());
  }

  @Test
  void namesThatAreTooManyAreNoImage() {
    assertTrue(ConfusionImage.of(matrix(199)).isEmpty());
  }

  @Test
  void anyNameAndAnyCountCanBeDrawn() {
    var names = List.of("é_" + "long".repeat(40), "request(explanation)");
    var columns = List.of(names.get(0), names.get(1), "other", "empty");
    var counts =
        IntStream.range(0, 2)
            .mapToObj(row -> List.of(0, 1_234_567_890, 2, Integer.MAX_VALUE))
            .toList();
    assertTrue(ConfusionImage.of(new ConfusionMatrix(names, columns, counts)).isPresent());
  }
}
