package org.bayu.tensor.internal.kernels;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.io.SafetensorsFile;
import org.junit.jupiter.api.Test;

/** Against bitsandbytes (tools/golden/make_moments.py), and against a search of all codes. */
class DynamicCodeTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/moments.safetensors");

  /** What {@link DynamicCode#encode} gives. */
  @SuppressWarnings("ArrayRecordComponent") // three results, compared by nobody
  private record Encoded(int[] codes, float[] absmax, float[] back) {}

  private static Encoded encode(DynamicCode code, float... numbers) {
    var blocks = (int) DynamicCode.blocks(numbers.length);
    try (var arena = Arena.ofConfined()) {
      var src = arena.allocateFrom(JAVA_FLOAT_UNALIGNED, numbers);
      var codes = arena.allocate(numbers.length);
      var absmax = arena.allocate(4L * blocks);
      code.encode(src, 0, codes, 0, absmax, 0, numbers.length);
      var back = arena.allocate(4L * numbers.length);
      code.decode(codes, 0, absmax, 0, back, 0, numbers.length);
      var bytes = codes.toArray(JAVA_BYTE);
      var unsigned = new int[bytes.length];
      for (var i = 0; i < bytes.length; i++) {
        unsigned[i] = bytes[i] & 0xFF;
      }
      return new Encoded(
          unsigned, absmax.toArray(JAVA_FLOAT_UNALIGNED), back.toArray(JAVA_FLOAT_UNALIGNED));
    }
  }

  @Test
  void codeBooksAreThoseOfBitsandbytes() throws IOException {
    try (var golden = SafetensorsFile.open(GOLDEN)) {
      assertArrayEquals(golden.tensor("signed").toFloats(), DynamicCode.SIGNED.values());
      assertArrayEquals(golden.tensor("unsigned").toFloats(), DynamicCode.UNSIGNED.values());
    }
  }

  @Test
  void numbersGetTheCodesOfBitsandbytesButForSmallSecondMoments() throws IOException {
    try (var golden = SafetensorsFile.open(GOLDEN)) {
      for (var name : List.of("signed", "unsigned")) {
        var code = name.equals("signed") ? DynamicCode.SIGNED : DynamicCode.UNSIGNED;
        var numbers = golden.tensor(name + ".numbers").toFloats();
        var encoded = encode(code, numbers);
        assertArrayEquals(golden.tensor(name + ".absmax").toFloats(), encoded.absmax);
        var codes = golden.bytes(name + ".codes").toArray(JAVA_BYTE);
        var back = golden.tensor(name + ".back").toFloats();
        var raised = 0;
        for (var i = 0; i < numbers.length; i++) {
          if (code == DynamicCode.UNSIGNED && codes[i] == 0 && numbers[i] > 0) {
            assertEquals(1, encoded.codes[i]);
            raised++;
          } else {
            assertEquals(codes[i] & 0xFF, encoded.codes[i], name + " " + i);
            assertEquals(back[i], encoded.back[i], name + " " + i);
          }
        }
        assertEquals(code == DynamicCode.UNSIGNED, raised > 0);
      }
    }
  }

  @Test
  void everyNumberGetsTheNearestCode() {
    for (var code : List.of(DynamicCode.SIGNED, DynamicCode.UNSIGNED)) {
      var values = code.values();
      var numbers = new ArrayList<Float>();
      for (var i = 0; i < values.length - 1; i++) {
        addAround(numbers, values[i]);
        addAround(numbers, (float) (((double) values[i] + values[i + 1]) / 2));
      }
      // Where the table's cells begin.
      for (var bits = 0x3F80_0000; bits > 0x3300_0000; bits -= 1 << 16) {
        addAround(numbers, Float.intBitsToFloat(bits));
      }
      if (code == DynamicCode.SIGNED) {
        List.copyOf(numbers).forEach(x -> numbers.add(-x));
      }
      numbers.removeIf(x -> Math.abs(x) > 1 || (code == DynamicCode.UNSIGNED && x < 0));
      var blocks = new float[numbers.size() + numbers.size() / (DynamicCode.BLOCK - 1) + 1];
      var next = 0;
      for (var i = 0; i < blocks.length; i++) { // each block has a 1, so the absmax is 1
        blocks[i] = i % DynamicCode.BLOCK == 0 || next == numbers.size() ? 1 : numbers.get(next++);
      }
      var codes = encode(code, blocks).codes;
      for (var i = 0; i < blocks.length; i++) {
        assertEquals(nearest(code, blocks[i]), codes[i], "code of " + blocks[i]);
      }
    }
  }

  private static void addAround(List<Float> numbers, float x) {
    numbers.add(Math.nextDown(x));
    numbers.add(x);
    numbers.add(Math.nextUp(x));
  }

  /** The code of the least distance, the lower of two. */
  private static int nearest(DynamicCode code, float x) {
    var values = code.values();
    var best = 0;
    for (var i = 1; i < values.length; i++) {
      if (Math.abs((double) values[i] - x) < Math.abs((double) values[best] - x)) {
        best = i;
      }
    }
    return code == DynamicCode.UNSIGNED && x > 0 ? Math.max(best, 1) : best;
  }

  @Test
  void zerosStayZeroAndWhatOverflowsStaysGreatest() {
    for (var code : List.of(DynamicCode.SIGNED, DynamicCode.UNSIGNED)) {
      assertArrayEquals(new float[3], encode(code, 0, 0, 0).back);
      var overflow = encode(code, Float.POSITIVE_INFINITY, 0, 1).back;
      assertEquals(Float.MAX_VALUE, overflow[0]);
      assertEquals(0, overflow[1]);
      assertTrue(Float.isFinite(overflow[2]));
      assertEquals(Float.MIN_VALUE, encode(code, 0, Float.MIN_VALUE).back[1]);
    }
  }
}
