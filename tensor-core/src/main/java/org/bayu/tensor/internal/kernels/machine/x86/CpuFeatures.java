package org.bayu.tensor.internal.kernels.machine.x86;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;

/**
 * What an x86-64 processor can, where the operating system keeps the registers for it.
 *
 * @param vendor such as {@code AuthenticAMD}
 * @param brand the processor's name, empty if it has none
 */
record CpuFeatures(
    String vendor,
    String brand,
    boolean avx2,
    boolean fma,
    boolean f16c,
    boolean avx512f,
    boolean avx512bw,
    boolean avx512dq,
    boolean avx512vl,
    boolean avx512vbmi,
    boolean avx512bf16) {
  private static final Set<String> X86_64 = Set.of("amd64", "x86_64");
  private static final int EXTENDED = 0x80000000;

  /** States in XCR0: the lower and upper halves of ymm; the masks and the rest of zmm. */
  private static final long YMM_STATE = 0b110, ZMM_STATE = 0b1110_0110;

  /**
   * Those of this machine; empty if it is not x86-64.
   *
   * @throws CodeRefusedException if the processor cannot be asked, because code cannot be run here
   */
  static Optional<CpuFeatures> ofThisMachine() throws CodeRefusedException {
    if (!X86_64.contains(System.getProperty("os.arch"))) {
      return Optional.empty();
    }
    try (var cpuid = new CpuidCode()) {
      return Optional.of(of(cpuid));
    }
  }

  /** Read from the leaves 0, 1 and 7 and the brand's, as in the manual's volume 2A, CPUID. */
  static CpuFeatures of(Cpuid cpuid) {
    var first = cpuid.leaf(0, 0);
    var none = new Cpuid.Leaf(0, 0, 0, 0);
    var basic = first.eax() >= 1 ? cpuid.leaf(1, 0) : none;
    var extended = first.eax() >= 7 ? cpuid.leaf(7, 0) : none;
    var more = extended.eax() >= 1 ? cpuid.leaf(7, 1) : none;
    var state = has(basic.ecx(), 27) ? cpuid.xcr0() : 0;
    var ymm = (state & YMM_STATE) == YMM_STATE && has(basic.ecx(), 28);
    var zmm = ymm && (state & ZMM_STATE) == ZMM_STATE && has(extended.ebx(), 16);
    return new CpuFeatures(
        text(first.ebx(), first.edx(), first.ecx()),
        brand(cpuid),
        ymm && has(extended.ebx(), 5),
        ymm && has(basic.ecx(), 12),
        ymm && has(basic.ecx(), 29),
        zmm,
        zmm && has(extended.ebx(), 30),
        zmm && has(extended.ebx(), 17),
        zmm && has(extended.ebx(), 31),
        zmm && has(extended.ecx(), 1),
        zmm && has(more.eax(), 5));
  }

  /** Those that it has, as the manuals write them. */
  List<String> names() {
    var names = new ArrayList<String>();
    add(names, avx2, "AVX2");
    add(names, fma, "FMA");
    add(names, f16c, "F16C");
    add(names, avx512f, "AVX512F");
    add(names, avx512bw, "AVX512BW");
    add(names, avx512dq, "AVX512DQ");
    add(names, avx512vl, "AVX512VL");
    add(names, avx512vbmi, "AVX512_VBMI");
    add(names, avx512bf16, "AVX512_BF16");
    return names;
  }

  private static void add(List<String> names, boolean has, String name) {
    if (has) {
      names.add(name);
    }
  }

  private static String brand(Cpuid cpuid) {
    // Unsigned: a processor without these leaves answers with something small.
    if (Integer.compareUnsigned(cpuid.leaf(EXTENDED, 0).eax(), EXTENDED + 4) < 0) {
      return "";
    }
    var brand = new StringBuilder();
    for (var i = 2; i <= 4; i++) {
      var part = cpuid.leaf(EXTENDED + i, 0);
      brand.append(text(part.eax(), part.ebx(), part.ecx(), part.edx()));
    }
    return brand.toString().strip();
  }

  /** Four characters in each register, up to a zero. */
  private static String text(int... registers) {
    var bytes = ByteBuffer.allocate(4 * registers.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asIntBuffer().put(registers);
    return new String(bytes.array(), StandardCharsets.ISO_8859_1).replace("\0", "");
  }

  private static boolean has(int register, int bit) {
    return (register >> bit & 1) == 1;
  }
}
