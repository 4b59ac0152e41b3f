package org.bayu.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GroupSumTest {
  /** What a rank has. */
  private static Tensor terms(Arena arena, DType type, int elements, int rank) {
    var random = new SplittableRandom(rank);
    var terms = Tensor.allocate(arena, type, Shape.of(elements));
    for (var i = 0; i < elements; i++) {
      terms.setFloat(i, (float) random.nextDouble(-1, 1));
    }
    return terms;
  }

  /** Fewer elements than ranks, one bucket, and several with a part of one at the end. */
  @ParameterizedTest
  @CsvSource({"3, F32, 2", "2, BF16, 1000", "3, F32, 2500001", "2, BF16, 1100000"})
  void allRanksHaveTheSumInTheOrderOfTheRanks(int size, DType type, int elements)
      throws InterruptedException, ExecutionException {
    try (var arena = Arena.ofShared()) {
      var expected = Tensor.allocate(arena, DType.F32, Shape.of(elements));
      for (var rank = 0; rank < size; rank++) {
        var terms = terms(arena, type, elements, rank);
        for (var i = 0; i < elements; i++) {
          expected.setFloat(i, expected.getFloat(i) + terms.getFloat(i));
        }
      }
      var rounded = Tensor.allocate(arena, type, expected.shape());
      rounded.copyFrom(expected);
      var sums =
          ThreadRanks.run(
              size,
              ranks -> {
                try (var device = Devices.cpu(1);
                    var sum = new GroupSum(ranks, device)) {
                  var terms = terms(arena, type, elements, ranks.rank());
                  sum.add(terms);
                  return terms.toFloats();
                }
              });
      for (var sum : sums) {
        assertArrayEquals(rounded.toFloats(), sum);
      }
    }
  }
}
