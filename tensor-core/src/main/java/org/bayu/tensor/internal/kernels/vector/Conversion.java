package org.bayu.tensor.internal.kernels.vector;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.bayu.tensor.BFloat16;

/** Between binary32 and the 16-bit types, with the bits of {@link BFloat16} and {@link Float}. */
final class Conversion {
  private static final int SIGN = 0x80000000;
  private static final int MAGNITUDE = 0x7FFFFFFF;
  private static final int INFINITY = 0x7F800000;
  private static final int QUIET = 0x00400000;

  /** 2¹¹²: what the exponent biases of binary32 and binary16, 127 and 15, differ by. */
  private static final float REBIAS = 0x1p+112f;

  /** 2¹⁶, the first power of two that binary16 lacks. */
  private static final int F16_OVERFLOW = 0x47800000;

  /** 2⁻¹⁴, binary16's smallest normal number. */
  private static final int F16_NORMAL = 0x38800000;

  /** Added to a number below 2⁻¹⁴, 0.5 rounds it to a multiple of 2⁻²⁴, its lowest bits then. */
  private static final int F16_ROUND = 0x3F000000;

  private Conversion() {}

  static void widenBFloat16(MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    Lanes.requireNative(src, dst);
    var i = 0;
    for (; i <= n - Lanes.LENGTH; i += Lanes.LENGTH) {
      var bits = Lanes.loadShorts(src, srcAt, i).lanewise(VectorOperators.LSHL, 16);
      Lanes.store(bits.reinterpretAsFloats(), dst, dstAt, i);
    }
    for (; i < n; i++) {
      var value = BFloat16.toFloat(src.get(JAVA_SHORT_UNALIGNED, srcAt + 2L * i));
      dst.set(JAVA_FLOAT_UNALIGNED, dstAt + 4L * i, value);
    }
  }

  static void widenFloat16(MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    Lanes.requireNative(src, dst);
    var i = 0;
    for (; i <= n - Lanes.LENGTH; i += Lanes.LENGTH) {
      var bits = Lanes.loadShorts(src, srcAt, i).lanewise(VectorOperators.LSHL, 16);
      Lanes.store(fromUpperFloat16(bits), dst, dstAt, i);
    }
    for (; i < n; i++) {
      var value = Float.float16ToFloat(src.get(JAVA_SHORT_UNALIGNED, srcAt + 2L * i));
      dst.set(JAVA_FLOAT_UNALIGNED, dstAt + 4L * i, value);
    }
  }

  static void narrowBFloat16(MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    Lanes.requireNative(src, dst);
    var i = 0;
    for (; i <= n - Lanes.LENGTH; i += Lanes.LENGTH) {
      var bits = toUpperBFloat16(Lanes.load(src, srcAt, i));
      Lanes.storeShorts(bits.lanewise(VectorOperators.LSHR, 16), dst, dstAt, i);
    }
    for (; i < n; i++) {
      var value = BFloat16.fromFloat(src.get(JAVA_FLOAT_UNALIGNED, srcAt + 4L * i));
      dst.set(JAVA_SHORT_UNALIGNED, dstAt + 2L * i, value);
    }
  }

  static void narrowFloat16(MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    Lanes.requireNative(src, dst);
    var i = 0;
    for (; i <= n - Lanes.LENGTH; i += Lanes.LENGTH) {
      Lanes.storeShorts(toFloat16(Lanes.load(src, srcAt, i)), dst, dstAt, i);
    }
    for (; i < n; i++) {
      var value = Float.floatToFloat16(src.get(JAVA_FLOAT_UNALIGNED, srcAt + 4L * i));
      dst.set(JAVA_SHORT_UNALIGNED, dstAt + 2L * i, value);
    }
  }

  /** Replaces n ints, each with a binary16 in the upper half, by the values as binary32. */
  static void expandFloat16(MemorySegment data, long at, int n) {
    Lanes.requireNative(data);
    var i = 0;
    for (; i <= n - Lanes.LENGTH; i += Lanes.LENGTH) {
      var bits = Lanes.load(data, at, i).reinterpretAsInts();
      fromUpperFloat16(bits).intoMemorySegment(data, at + 4L * i, LITTLE_ENDIAN);
    }
    for (; i < n; i++) {
      var value = Float.float16ToFloat(data.get(JAVA_SHORT_UNALIGNED, at + 4L * i + 2));
      data.set(JAVA_FLOAT_UNALIGNED, at + 4L * i, value);
    }
  }

  /** Rounds n floats to bfloat16 values. */
  static void roundToBFloat16(MemorySegment data, long at, int n) {
    Lanes.requireNative(data);
    var i = 0;
    for (; i <= n - Lanes.LENGTH; i += Lanes.LENGTH) {
      toUpperBFloat16(Lanes.load(data, at, i)).intoMemorySegment(data, at + 4L * i, LITTLE_ENDIAN);
    }
    for (; i < n; i++) {
      var value = BFloat16.round(data.get(JAVA_FLOAT_UNALIGNED, at + 4L * i));
      data.set(JAVA_FLOAT_UNALIGNED, at + 4L * i, value);
    }
  }

  /** The nearest bfloat16 in the upper half of each int, ties to even; the lower half is zero. */
  static IntVector toUpperBFloat16(FloatVector value) {
    var bits = value.reinterpretAsInts();
    var odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
    var rounded = bits.add(0x7FFF).add(odd);
    var isNaN = bits.and(MAGNITUDE).compare(VectorOperators.GT, INFINITY);
    return rounded.blend(bits.or(QUIET), isNaN).and(0xFFFF0000);
  }

  /** The value of the binary16 in the upper half of each int, whose lower half is zero. */
  static FloatVector fromUpperFloat16(IntVector bits) {
    var sign = bits.and(SIGN);
    var magnitude = bits.and(MAGNITUDE).lanewise(VectorOperators.LSHR, 3);
    var value = magnitude.reinterpretAsFloats().mul(REBIAS).reinterpretAsInts();
    // The greatest exponent means ∞ or NaN in both types.
    var special = magnitude.compare(VectorOperators.GE, 0x0F800000);
    return value.lanewise(VectorOperators.OR, INFINITY, special).or(sign).reinterpretAsFloats();
  }

  private static IntVector toFloat16(FloatVector value) {
    var bits = value.reinterpretAsInts();
    var sign = bits.and(SIGN).lanewise(VectorOperators.LSHR, 16);
    var magnitude = bits.and(MAGNITUDE);
    var odd = magnitude.lanewise(VectorOperators.LSHR, 13).and(1);
    var normal = magnitude.sub(112 << 23).add(0xFFF).add(odd).lanewise(VectorOperators.LSHR, 13);
    var round = IntVector.broadcast(Lanes.I32, F16_ROUND);
    var subnormal =
        magnitude
            .reinterpretAsFloats()
            .add(round.reinterpretAsFloats())
            .reinterpretAsInts()
            .sub(round);
    var special =
        IntVector.broadcast(Lanes.I32, 0x7C00)
            .blend(0x7E00, magnitude.compare(VectorOperators.GT, INFINITY));
    return normal
        .blend(subnormal, magnitude.compare(VectorOperators.LT, F16_NORMAL))
        .blend(special, magnitude.compare(VectorOperators.GE, F16_OVERFLOW))
        .or(sign);
  }
}
