package org.bayu.benchmarks;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.bayu.llama.KvCache;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.internal.CpuDevice;

/**
 * Generation of some sequences together after so many tokens each, and reading what a token needs,
 * in turns: a token can be had no sooner than the weights and the sequences' keys and values were
 * read.
 *
 * <p>The arguments are a model's folder, the number of rounds and cases such as {@code 1x512}: the
 * sequences and their tokens. A case's prompts are computed once; a round continues them by {@value
 * #TOKENS} tokens. The first {@value #WARM_UP_ROUNDS} rounds are not timed.
 */
public final class GenerationRates {
  private static final List<String> CASES = List.of("1x5", "16x5");

  /** Rounds before, in which the JVM compiles what a token needs, on the same processors. */
  private static final int WARM_UP_ROUNDS = 16;

  /** New tokens of each sequence in a round. */
  private static final int TOKENS = 8;

  /** Bytes that a task reads. */
  private static final int READ_BYTES = 1 << 20;

  private final CpuDevice device;
  private final LlamaModel model;
  private final Generator generator;
  private final List<Tensor> weights = new ArrayList<>();

  private GenerationRates(LlamaModel model, CpuDevice device) {
    this.device = device;
    this.model = model;
    generator = new Generator(model, device, DType.BF16, IntSet.of());
    for (var parameter : model.parameters()) {
      if (!parameter.name().contains("embed_tokens")) { // of which a token needs a row
        weights.add(parameter.value());
      }
    }
  }

  /** Prints a line for each case: medians, and the lowest and highest. */
  public static void main(String[] args) throws IOException {
    var rounds = args.length > 1 ? Integer.parseInt(args[1]) : 7;
    var cases = args.length > 2 ? List.of(args).subList(2, args.length) : CASES;
    try (var folder = ModelFolder.open(Path.of(args[0]));
        var device = Devices.cpu()) {
      var rates = new GenerationRates(folder.model(), (CpuDevice) device);
      for (var each : cases) {
        var numbers = each.split("x", 2);
        rates.run(rounds, Integer.parseInt(numbers[0]), Integer.parseInt(numbers[1]));
      }
    }
  }

  private void run(int rounds, int sequences, int tokens) {
    var turns = new Turns(rounds, sequences, tokens);
    var prompts = IntStream.range(0, sequences).mapToObj(i -> prompt(i, tokens)).toList();
    var most = 1 + (WARM_UP_ROUNDS + rounds) * TOKENS;
    generator.generate(prompts, most, Sampling.GREEDY, turns);
    System.out.println(
        String.format(
            Locale.ROOT,
            "%s after %s tokens each: %s tokens/s, %s of reading",
            sequences,
            tokens,
            spread(turns.rates),
            spread(turns.shares)));
  }

  private int[] prompt(int sequence, int tokens) {
    return IntStream.range(0, tokens)
        .map(i -> (int) ((1 + sequence * 7919L + i * 104_729L) % model.config().vocabSize()))
        .toArray();
  }

  private static String spread(double[] values) {
    var sorted = values.clone();
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%.2f (%.2f to %.2f)",
        sorted[sorted.length / 2],
        sorted[0],
        sorted[sorted.length - 1]);
  }

  /** Counts the first sequence's tokens, and reads after each round. */
  private final class Turns implements Generator.Listener {
    private final double[] rates;
    private final double[] shares;
    private final int sequences;
    private final long cacheBytes;
    private int round = -WARM_UP_ROUNDS;
    private int count = -1; // the first token ends the prompts' pass
    private long start;

    private Turns(int rounds, int sequences, int tokens) {
      this.sequences = sequences;
      rates = new double[rounds];
      shares = new double[rounds];
      cacheBytes = sequences * KvCache.bytes(model.config(), DType.BF16, tokens);
    }

    @Override
    public void token(int prompt, int token) {
      if (prompt > 0 || (++count > 0 && count < TOKENS) || round == rates.length) {
        return;
      }
      if (count == TOKENS) {
        var seconds = 1e-9 * (System.nanoTime() - start) / TOKENS;
        var reading = secondsOfReading(cacheBytes);
        if (round >= 0) {
          rates[round] = sequences / seconds;
          shares[round] = reading / seconds;
        }
        round++;
      }
      count = 0;
      start = System.nanoTime();
    }
  }

  /** Reads the weights, and so many bytes more. */
  private double secondsOfReading(long more) {
    var start = System.nanoTime();
    for (var weight : weights) {
      read(weight.data());
    }
    var left = more;
    for (var weight : weights) {
      var data = weight.data();
      read(data.asSlice(0, Math.min(left, data.byteSize())));
      left -= Math.min(left, data.byteSize());
    }
    return 1e-9 * (System.nanoTime() - start);
  }

  private void read(MemorySegment data) {
    var tasks = (int) Math.ceilDiv(data.byteSize(), READ_BYTES);
    device
        .workers()
        .run(
            tasks,
            (task, _) -> {
              var at = (long) task * READ_BYTES;
              device.kernels().read(data, at, Math.min(READ_BYTES, data.byteSize() - at));
            });
  }
}
