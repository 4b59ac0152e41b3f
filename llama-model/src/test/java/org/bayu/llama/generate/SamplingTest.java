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

  @Test
  void aTokenIsDrawnAsOftenAsItsProbabilitySays() {
    try (var arena = Arena.ofConfined()) {
      // The last token has one half, all others together the other half.
      var numbers = new float[TOKENS];
      numbers[TOKENS - 1] = (float) Math.log(TOKENS - 1);
      var logits = Tensor.ofFloats(arena, Shape.of(1, TOKENS), numbers);
      var sampler = new Sampling(1, 1, 3).sampler(0);
      var drawn = IntStream.range(0, 1000).map(i -> sampler.choose(logits, TOKENS - 1)).toArray();
      var last = IntStream.of(drawn).filter(token -> token == TOKENS - 1).count();
      // Six standard deviations of a fair coin's 1000 throws.
      assertEquals(500.0, (double) last, 95);
      // Of some 500 draws from 999 tokens some 390 differ, and the greatest is near the end.
      assertEquals(390.0, (double) IntStream.of(drawn).distinct().count(), 60);
      var others = IntStream.of(drawn).filter(token -> token < TOKENS - 1);
      assertEquals(TOKENS, others.max().orElse(0), 30);
    }
  }
}
