package org.bayu.benchmarks;

import java.util.List;
import java.util.regex.Pattern;

/**
 * The size of a linear layer's products: m tokens, n outputs, k inputs, written {@code MxNxK}.
 *
 * @param m rows of x and y
 * @param n rows of W, columns of y
 * @param k columns of x and W
 */
record LinearShape(int m, int n, int k) {
  private static final Pattern TEXT = Pattern.compile("(\\d+)x(\\d+)x(\\d+)");

  /** The linear layers of Llama 2 7B and TinyLlama 1.1B with 512 and 2048 tokens. */
  static final List<LinearShape> OF_LLAMA =
      List.of(
          new LinearShape(512, 4096, 4096),
          new LinearShape(512, 11008, 4096),
          new LinearShape(512, 4096, 11008),
          new LinearShape(512, 5632, 2048),
          new LinearShape(2048, 4096, 4096),
          new LinearShape(2048, 11008, 4096),
          new LinearShape(2048, 4096, 11008),
          new LinearShape(2048, 5632, 2048));

  static LinearShape parse(String text) {
    var matcher = TEXT.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(text + " is not of the form MxNxK");
    }
    return new LinearShape(
        Integer.parseInt(matcher.group(1)),
        Integer.parseInt(matcher.group(2)),
        Integer.parseInt(matcher.group(3)));
  }

  /** Additions and multiplications of each of the three products. */
  double flops() {
    return 2.0 * m * n * k;
  }

  @Override
  public String toString() {
    return m + "x" + n + "x" + k;
  }
}
