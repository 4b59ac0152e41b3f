package org.bayu.llama.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.junit.jupiter.api.Test;

class SamplingTest {
  private static final int TOKENS = 1000, DRAWS = 20;

  @Test
  void noSeedAndNoSequenceRepeatsTheDrawsOfAnotherShifted() {
    try (var arena = Arena.ofConfined()) {
      var flat = Tensor.ofFloats(arena, Shape.of(1, TOKENS), new float[TOKENS]);
      var runs = new HashSet<List<Integer>>();
      var number = 0;
      for (var seed = -2; seed < 4; seed++) {
        for (var sequence = 0; sequence < 3; sequence++) {
          var sampler = new Sampling(1, 1, seed).sampler(sequence);
          var drawn = IntStream.range(0, DRAWS).mapToObj(i -> sampler.choose(flat, 0)).toList();
          for (var shift = 0; shift <= 5; shift++) {
            runs.add(drawn.subList(shift, shift + DRAWS - 5));
            number++;
          }
        }
      }
      // Equal by chance: 10⁻⁴⁵ for two of them.
      assertEquals(number, runs.size());
    }
  }
}
