package org.bayu.benchmarks;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.tensor.DType;
import org.bayu.tensor.device.Devices;

/**
 * One sequence from a JVM that has compiled nothing yet: says when its first token comes, and then
 * the rates of the {@value #FIRST} after it and of the {@value #NEXT} after those.
 *
 * <p>The arguments are a model's folder and the prompt's number of tokens.
 */
public final class FirstTokens {
  private static final int FIRST = 16;
  private static final int NEXT = 64;

  private FirstTokens() {}

  /** Prints a line at the first token, and one with the rates. */
  public static void main(String[] args) throws IOException {
    var times = new long[1 + FIRST + NEXT];
    var count = new int[1];
    try (var folder = ModelFolder.open(Path.of(args[0]));
        var device = Devices.cpu()) {
      var vocabulary = folder.model().config().vocabSize();
      var prompt =
          IntStream.range(0, Integer.parseInt(args[1]))
              .map(i -> (int) ((1 + i * 104_729L) % vocabulary))
              .toArray();
      new Generator(folder.model(), device, DType.BF16, IntSet.of())
          .generate(
              List.of(prompt),
              times.length,
              Sampling.GREEDY,
              (_, _) -> {
                times[count[0]] = System.nanoTime();
                if (count[0]++ == 0) {
                  System.out.println("first token");
                  System.out.flush();
                }
              });
    }
    System.out.println(
        String.format(
            Locale.ROOT,
            "%.2f tokens/s, then %.2f tokens/s",
            FIRST * 1e9 / (times[FIRST] - times[0]),
            NEXT * 1e9 / (times[FIRST + NEXT] - times[FIRST])));
  }
}
