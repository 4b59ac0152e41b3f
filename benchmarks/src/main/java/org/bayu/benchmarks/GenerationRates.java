package org.bayu.benchmarks;

import it.unimi.dsi.fastutil.ints.IntSet;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bayu.llama.LlamaModel;
import org.bayu.llama.generate.Generator;
import org.bayu.llama.generate.Sampling;
import org.bayu.llama.hf.ModelFolder;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.device.Devices;
import org.bayu.tensor.internal.CpuDevice;

/**
 * Generation of one sequence and of {@value #MANY} together, and reading the weights that a token
 * needs, in turns: a token of one sequence can be had no sooner than its weights were read.
 *
 * <p>The arguments are a model's folder and the number of rounds. The first tokens of a sequence
 * are not timed, nor are two rounds before the others.
 */
public final class GenerationRates {
  private static final int MANY = 16;
  private static final int WARM_UP_ROUNDS = 2;
  private static final int PROMPT_TOKENS = 5;

  /** New tokens: the first two end the prompt's pass and warm up. */
  private static final int TOKENS = 7;

  /** Bytes that a task reads. */
  private static final int READ_BYTES = 1 << 20;

  private final CpuDevice device;
  private final Generator generator;
  private final List<Tensor> weights = new ArrayList<>();
  private final int vocabulary;

  private GenerationRates(LlamaModel model, CpuDevice device) {
    this.device = device;
    generator = new Generator(model, device, DType.BF16, IntSet.of());
    vocabulary = model.config().vocabSize();
    for (var parameter : model.parameters()) {
      if (!parameter.name().contains("embed_tokens")) { // of which a token needs a row
        weights.add(parameter.value());
      }
    }
  }

  /** Prints a line for each round, and the medians. */
  public static void main(String[] args) throws IOException {
    var rounds = args.length > 1 ? Integer.parseInt(args[1]) : 7;
    try (var folder = ModelFolder.open(Path.of(args[0]));
        var device = Devices.cpu()) {
      new GenerationRates(folder.model(), (CpuDevice) device).run(rounds);
    }
  }

  private void run(int rounds) {
    var ones = new double[rounds];
    var many = new double[rounds];
    var shares = new double[rounds];
    var ratios = new double[rounds];
    for (var round = -WARM_UP_ROUNDS; round < rounds; round++) {
      var one = secondsPerToken(1);
      var reading = secondsOfReading();
      var together = secondsPerToken(MANY);
      if (round >= 0) {
        ones[round] = 1 / one;
        many[round] = MANY / together;
        shares[round] = reading / one;
        ratios[round] = many[round] / ones[round];
        System.out.printf(
            Locale.ROOT,
            "one %.2f tokens/s, %.0f %% of reading; %d together %.2f tokens/s, %.2f times%n",
            ones[round],
            100 * shares[round],
            MANY,
            many[round],
            ratios[round]);
      }
    }
    System.out.println(
        String.format(
            Locale.ROOT,
            "median (lowest to highest): one %s tokens/s, %s of reading; %d together %s tokens/s,"
                + " %s",
            spread(ones),
            spread(shares),
            MANY,
            spread(many),
            spread(ratios)));
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

  /** Of so many sequences together, for one token of each. */
  private double secondsPerToken(int sequences) {
    var prompts = new ArrayList<int[]>();
    for (var i = 0; i < sequences; i++) {
      var prompt = new int[PROMPT_TOKENS];
      for (var j = 0; j < PROMPT_TOKENS; j++) {
        prompt[j] = (1 + i * 7919 + j * 104_729) % vocabulary;
      }
      prompts.add(prompt);
    }
    var times = new ArrayList<Long>();
    generator.generate(
        prompts,
        TOKENS,
        Sampling.GREEDY,
        (sequence, _) -> {
          if (sequence == 0) {
            times.add(System.nanoTime());
          }
        });
    return 1e-9 * (times.getLast() - times.get(1)) / (times.size() - 2);
  }

  private double secondsOfReading() {
    var start = System.nanoTime();
    for (var weight : weights) {
      var data = weight.data();
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
    return 1e-9 * (System.nanoTime() - start);
  }
}
