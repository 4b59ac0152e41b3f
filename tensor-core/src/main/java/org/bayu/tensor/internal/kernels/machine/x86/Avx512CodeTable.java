package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import java.util.List;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Mask;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * A table of 256 numbers that is read at 64 places at a time, with VBMI: the numbers' first bytes,
 * their second ones and so on are a table of bytes each, of which an instruction reads 128. What is
 * read is unpacked to numbers, which changes the order: what is in dword 4·i + j of the places,
 * four to a dword, comes to dword 4·j + i of the numbers. Whoever wants memory's order permutes the
 * dwords of the places beforehand by {@link #ORDER}.
 *
 * @param base where the table is
 * @param offset how far behind it, in bytes
 * @param first of the eight registers that hold half of the table; the other half is read in memory
 */
record Avx512CodeTable(Avx512Assembler asm, Gp base, int offset, int first) {
  static final int BYTES = 1024;

  /** The dword that each one is taken from, for {@code vpermd}. It is its own inverse. */
  static final int[] ORDER = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};

  private static final int NUMBER_BYTES = 4;
  private static final int VECTOR_BYTES = 64;
  private static final int HALF_BYTES = 2 * VECTOR_BYTES;

  /** Loads the registers. */
  void load() {
    for (var half = 0; half < 2 * NUMBER_BYTES; half++) {
      asm.vmovups(zmm(first + half), at(base, offset + HALF_BYTES * half));
    }
  }

  /**
   * The numbers at 64 places, 16 in each vector.
   *
   * @param free five registers, four of which are returned; changes K1 and K2 too
   */
  List<Vector> read(Vector places, List<Vector> free) {
    var masks = new Mask[] {K2, K1};
    asm.vpmovb2m(K1, places);
    asm.knotq(K2, K1);
    for (var i = 0; i < NUMBER_BYTES; i++) {
      asm.vmovaps(free.get(i), places);
      for (var half = 0; half < 2; half++) {
        var number = 2 * i + half;
        var second = at(base, offset + HALF_BYTES * number + VECTOR_BYTES);
        asm.vpermi2b(free.get(i).masked(masks[half]), zmm(first + number), second);
      }
    }
    var a = free.get(0);
    var b = free.get(1);
    var c = free.get(2);
    var d = free.get(3);
    var e = free.get(4);
    asm.vpunpcklbw(e, a, b);
    asm.vpunpckhbw(a, a, b);
    asm.vpunpcklbw(b, c, d);
    asm.vpunpckhbw(c, c, d);
    asm.vpunpcklwd(d, e, b);
    asm.vpunpckhwd(e, e, b);
    asm.vpunpcklwd(b, a, c);
    asm.vpunpckhwd(a, a, c);
    return List.of(d, e, b, a);
  }

  /** Appends a table. */
  static void emit(Avx512Assembler asm, float[] numbers) {
    for (var shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      for (var i = 0; i < numbers.length; i += 4) {
        var four = 0;
        for (var place = 0; place < 4; place++) {
          var bits = Float.floatToRawIntBits(numbers[i + place]);
          four |= (bits >>> shift & 0xFF) << (Byte.SIZE * place);
        }
        asm.data(four);
      }
    }
  }
}
