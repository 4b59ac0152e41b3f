package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.Address.at;
import static org.bayu.tensor.internal.kernels.machine.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.Mask.K1;
import static org.bayu.tensor.internal.kernels.machine.Mask.K2;
import static org.bayu.tensor.internal.kernels.machine.Vector.xmm;
import static org.bayu.tensor.internal.kernels.machine.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.Vector.zmm;

import org.bayu.tensor.DType;

/**
 * Dot products of many rows with a few vectors, with AVX-512: for products with so few rows that
 * packing a weight would take longer than reading it once.
 *
 * <p>{@code void stream(byte* rows, long rowStride, long k, byte* few, long fewStride, float* to,
 * long blocks, long tailMask, long toStride, long counts)}: to[f, r] = Σ rows[r, l]·few[f, l], or
 * += it. A block of rows is some groups of 1 or {@value #ROWS}; each block meets all vectors, in
 * groups too, before the next is read. Rows are of any type and rounded to that of the product; the
 * few vectors have it, and zeros up to a multiple of 64 bytes. Sums of 16 lanes are added by
 * halves.
 */
final class StreamCode {
  /** Rows that are read at the same time. */
  static final int ROWS = 4;

  /**
   * Rows for all vectors before the next are read. Those are fetched meanwhile: else the processor
   * would wait for memory with the first vectors and leave memory idle with the others.
   */
  static final int BLOCK = 8;

  private static final int ROW_GROUPS_SHIFT = 8;

  /** Vectors that a row is multiplied with at the same time, at most. */
  static final int FEW = 4;

  /** Places on the stack: where the block, its group of vectors and their sums begin; counts. */
  private static final int BLOCK_ROWS = 0, ALL_VECTORS = 8, BLOCK_SUMS = 16, GROUP_SUMS = 24;

  private static final int ROW_GROUPS = 32, VECTOR_GROUPS = 40, K = 48;
  private static final int ROW_GROUPS_LEFT = 56, VECTOR_GROUPS_LEFT = 64, LOCAL_BYTES = 72;

  private final Frame frame;
  private final LoadCode load;
  private final Avx512Assembler asm;
  private final boolean bfloat16;
  private final int rows;
  private final int few;

  private StreamCode(
      Frame frame, Avx512Assembler asm, boolean bfloat16, DType from, int rows, int few) {
    this.frame = frame;
    this.load = new LoadCode(asm, bfloat16, from);
    this.asm = asm;
    this.bfloat16 = bfloat16;
    this.rows = rows;
    this.few = few;
  }

  /** Appends the function for {@code rows} (1 or {@link #ROWS}) rows and {@code few} vectors. */
  static void emit(
      Avx512Assembler asm,
      CallingConvention convention,
      boolean bfloat16,
      DType from,
      int rows,
      int few) {
    var frame = new Frame(asm, convention, 10, LOCAL_BYTES, RBX, R12, R13, R14, R15);
    frame.prologue();
    frame.loadStackArgument(7, RAX);
    asm.kmovd(K1, RAX);
    asm.shr(RAX, 16);
    asm.kmovd(K2, RAX);
    frame.loadStackArgument(6, RBX);
    frame.loadStackArgument(8, RAX);
    frame.loadStackArgument(9, R14);
    new StreamCode(frame, asm, bfloat16, from, rows, few).emit();
    frame.epilogue();
  }

  /** The last parameter. */
  static long counts(int rowGroups, int vectorGroups, boolean accumulate) {
    return (long) rowGroups << ROW_GROUPS_SHIFT | vectorGroups << 1 | (accumulate ? 1 : 0);
  }

  private Vector sum(int row, int vector) {
    return zmm(row * few + vector);
  }

  private void emit() {
    asm.lea(R10, at(RSI, RSI, 2, 0));
    asm.lea(R11, at(R8, R8, 2, 0));
    asm.mov(R12, R14);
    asm.shr(R12, ROW_GROUPS_SHIFT);
    asm.mov(frame.local(ROW_GROUPS), R12);
    asm.mov(R12, R14);
    asm.and(R12, (1 << ROW_GROUPS_SHIFT) - 1);
    asm.shr(R12, 1);
    asm.mov(frame.local(VECTOR_GROUPS), R12);
    asm.and(R14, 1);
    asm.mov(frame.local(K), RDX);
    asm.mov(frame.local(ALL_VECTORS), RCX);
    var nextBlock = asm.here();
    asm.mov(frame.local(BLOCK_ROWS), RDI);
    asm.mov(frame.local(BLOCK_SUMS), R9);
    asm.mov(RCX, frame.local(ALL_VECTORS));
    copy(VECTOR_GROUPS, VECTOR_GROUPS_LEFT);
    var nextVectors = asm.here();
    copy(ROW_GROUPS, ROW_GROUPS_LEFT);
    asm.mov(RDI, frame.local(BLOCK_ROWS));
    asm.mov(frame.local(GROUP_SUMS), R9);
    var nextRows = asm.here();
    for (var i = 0; i < rows * few; i++) {
      asm.vpxord(zmm(i), zmm(i), zmm(i));
    }
    multiply();
    store();
    asm.lea(RDI, rows == 1 ? at(RDI, RSI, 1, 0) : at(RDI, RSI, rows, 0));
    asm.add(R9, 4 * rows);
    countDown(ROW_GROUPS_LEFT, nextRows);
    addTimes(RCX, R8, few);
    asm.mov(R9, frame.local(GROUP_SUMS));
    addTimes(R9, RAX, few);
    countDown(VECTOR_GROUPS_LEFT, nextVectors);
    asm.mov(R9, frame.local(BLOCK_SUMS));
    asm.mov(R13, frame.local(ROW_GROUPS));
    addTimes(R9, R13, 4 * rows);
    asm.dec(RBX);
    asm.jnz(nextBlock);
  }

  private void copy(int from, int to) {
    asm.mov(R12, frame.local(from));
    asm.mov(frame.local(to), R12);
  }

  private void countDown(int counter, Label again) {
    asm.mov(R12, frame.local(counter));
    asm.dec(R12);
    asm.mov(frame.local(counter), R12);
    asm.jnz(again);
  }

  /** to += times · value. */
  private void addTimes(Gp to, Gp value, int times) {
    asm.mov(R12, times);
    asm.imul(R12, value);
    asm.add(to, R12);
  }

  private void multiply() {
    asm.mov(R12, RDI);
    asm.mov(R13, RCX);
    asm.mov(R15, BLOCK);
    asm.imul(R15, RSI);
    asm.add(R15, RDI);
    var chunk = load.chunk();
    var tail = new Label();
    var done = new Label();
    asm.sub(RDX, chunk);
    asm.jl(tail);
    asm.align(32);
    var again = asm.here();
    multiplyChunk(false);
    asm.sub(RDX, chunk);
    asm.jge(again);
    asm.bind(tail);
    asm.add(RDX, chunk);
    asm.jz(done);
    multiplyChunk(true);
    asm.bind(done);
    asm.mov(RDX, frame.local(K));
  }

  private void multiplyChunk(boolean masked) {
    for (var row = 0; row < rows; row++) {
      load.chunk(zmm(16 + row), row(R12, RSI, R10, row), masked);
      for (var line = 0; line < load.chunkBytes(); line += 64) {
        asm.prefetcht1(row(R15, RSI, R10, row).plus(line));
      }
    }
    for (var vector = 0; vector < few; vector++) {
      var right = zmm(20 + vector);
      asm.vmovups(right, row(R13, R8, R11, vector));
      for (var row = 0; row < rows; row++) {
        if (bfloat16) {
          asm.vdpbf16ps(sum(row, vector), zmm(16 + row), right);
        } else {
          asm.vfmadd231ps(sum(row, vector), zmm(16 + row), right);
        }
      }
    }
    asm.add(R12, load.chunkBytes());
    asm.add(R15, load.chunkBytes());
    asm.add(R13, 64);
  }

  private static Address row(Gp base, Gp stride, Gp threeStrides, int row) {
    return switch (row) {
      case 0 -> at(base);
      case 1, 2 -> at(base, stride, row, 0);
      default -> at(base, threeStrides, 1, 0);
    };
  }

  /** Adds up each sum's lanes: halves, quarters, eighths. */
  private void store() {
    var set = new Label();
    for (var i = 0; i < rows * few; i++) {
      asm.vextractf64x4(ymm(20), zmm(i), 1);
      asm.vaddps(ymm(i), ymm(i), ymm(20));
      asm.vextractf32x4(xmm(20), ymm(i), 1);
      asm.vaddps(xmm(i), xmm(i), xmm(20));
      asm.vpermilps(xmm(20), xmm(i), 0x4E);
      asm.vaddps(xmm(i), xmm(i), xmm(20));
      asm.vpermilps(xmm(20), xmm(i), 0xB1);
      asm.vaddps(xmm(i), xmm(i), xmm(20));
    }
    asm.test(R14, R14);
    asm.jz(set);
    forEachResult(
        (result, address) -> {
          asm.vmovss(xmm(20), address);
          asm.vaddps(result, result, xmm(20));
        });
    asm.bind(set);
    forEachResult((result, address) -> asm.vmovss(address, result));
  }

  private interface ResultAction {
    void run(Vector result, Address address);
  }

  private void forEachResult(ResultAction action) {
    asm.mov(R12, R9);
    for (var vector = 0; vector < few; vector++) {
      for (var row = 0; row < rows; row++) {
        action.run(xmm(sum(row, vector).number()), at(R12, 4 * row));
      }
      asm.add(R12, RAX);
    }
  }
}
