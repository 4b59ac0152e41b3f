package org.bayu.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.bayu.tensor.DType;
import org.bayu.tensor.device.Devices;

/**
 * Measures attention when told to, for {@code benchmarks/pytorch/attention.py}, which measures
 * PyTorch's in turns with it.
 *
 * <p>A line {@code DTYPE TOKENS HEADS HEAD_DIM THREADS} on the standard input makes the operands
 * and checks a step; an empty line measures for the milliseconds of the argument, or one step. Each
 * is answered by a line, the GFLOP/s of it.
 */
public final class AttentionRates {
  private AttentionRates() {}

  /** Reads and answers until the input ends. */
  public static void main(String[] args) throws IOException {
    var nanos = 1_000_000 * Long.parseLong(args[0]);
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var line = in.readLine();
    while (line != null) {
      var words = line.split(" ", 5);
      var threads = Integer.parseInt(words[4]);
      var tokens = Integer.parseInt(words[1]);
      var heads = Integer.parseInt(words[2]);
      var headDim = Integer.parseInt(words[3]);
      try (var device = Devices.cpu(threads);
          var step = new AttentionStep(device, DType.valueOf(words[0]), tokens, heads, headDim)) {
        step.check();
        do {
          System.out.println(step.flops() / seconds(step, nanos) * 1e-9);
          line = in.readLine();
        } while (line != null && line.isEmpty());
      }
    }
  }

  private static double seconds(AttentionStep step, long nanos) {
    var start = System.nanoTime();
    var steps = 0;
    var elapsed = 0L;
    while (elapsed < nanos) {
      step.run();
      steps++;
      elapsed = System.nanoTime() - start;
    }
    return elapsed * 1e-9 / steps;
  }
}
