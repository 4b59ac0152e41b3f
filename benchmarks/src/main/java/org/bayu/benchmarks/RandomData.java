package org.bayu.benchmarks;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.SplittableRandom;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;

/** Tensors of numbers between −1 and 1, the same for the same seed. */
final class RandomData {
  private RandomData() {}

  /** A tensor in memory. */
  static Tensor tensor(Arena arena, DType dtype, int seed, long... dims) {
    var tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
    fill(tensor, seed);
    return tensor;
  }

  /** A tensor in a mapped file that nobody else sees, as a model's weights are. */
  static Tensor mapped(Arena arena, DType dtype, int seed, long... dims) throws IOException {
    var shape = Shape.of(dims);
    var bytes = shape.elements() * dtype.bytes();
    var file = Files.createTempFile("bayu-benchmark", ".weights");
    try (var channel =
            FileChannel.open(
                file,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
        var writing = Arena.ofConfined()) {
      var contents = channel.map(MapMode.READ_WRITE, 0, bytes, writing);
      fill(Tensor.of(contents, dtype, shape), seed);
      // Or the system writes it to the disk while something is measured.
      contents.force();
      return Tensor.of(channel.map(MapMode.READ_ONLY, 0, bytes, arena), dtype, shape);
    }
  }

  /** Fills a tensor. */
  static void fill(Tensor tensor, int seed) {
    var random = new SplittableRandom(seed);
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, 2 * random.nextFloat() - 1);
    }
  }
}
