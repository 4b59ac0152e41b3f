package org.bayu.lora;

import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;

/** Numbers that a seed and a layer's path fix, on any machine and in any order of layers. */
final class Randomness {
  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private Randomness() {}

  /** 64-bit FNV-1a of the path: tells layers apart. */
  static long hash(String path) {
    var hash = 0xCBF29CE484222325L;
    for (var octet : path.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (octet & 0xFF)) * 0x100000001B3L;
    }
    return hash;
  }

  /**
   * A matrix [outputs, inputs] uniform in ±1/√inputs: PyTorch's {@code kaiming_uniform_} with a =
   * √5. The numbers are those of SplitMix64 (Steele et al. 2014, "Fast Splittable Pseudorandom
   * Number Generators").
   */
  static Tensor kaimingUniform(Shape shape, long seed, String path, SegmentAllocator allocator) {
    var tensor = Tensor.allocate(allocator, DType.F32, shape);
    var bound = 1 / Math.sqrt(tensor.columns());
    var state = mix(seed) ^ hash(path);
    for (var i = 0L; i < tensor.elements(); i++) {
      state += GOLDEN_GAMMA;
      var unit = (mix(state) >>> 11) * 0x1p-53;
      tensor.setFloat(i, (float) ((2 * unit - 1) * bound));
    }
    return tensor;
  }

  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
