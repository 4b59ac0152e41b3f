package org.bayu.lora;

import java.lang.foreign.SegmentAllocator;
import java.nio.charset.StandardCharsets;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.SplitMix64;
import org.bayu.tensor.Tensor;

/** Numbers that a seed and a layer's path fix, on any machine and in any order of layers. */
final class Randomness {
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
   * √5. The numbers are those of {@link SplitMix64}.
   */
  static Tensor kaimingUniform(Shape shape, long seed, String path, SegmentAllocator allocator) {
    var tensor = Tensor.allocate(allocator, DType.F32, shape);
    var bound = 1 / Math.sqrt(tensor.columns());
    var random = new SplitMix64(SplitMix64.mix(seed) ^ hash(path));
    for (var i = 0L; i < tensor.elements(); i++) {
      var unit = (random.next() >>> 11) * 0x1p-53;
      tensor.setFloat(i, (float) ((2 * unit - 1) * bound));
    }
    return tensor;
  }
}
