package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R15;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBP;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RBX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RDX;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.ymm;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector.zmm;

import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Operand;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Vector;

/**
 * The inner loop of a matrix product with AVX-512: C = A·B or C += A·B for tiles below each other,
 * of up to a {@link TileForm}'s rows and columns.
 *
 * <p>{@code void tile(long steps, byte* a, long aStride, byte* b, byte* c, long cStride, long
 * tiles, long flags, byte* rounded, long roundedStride)}. A step is 32 bits of k, one F32 or two
 * BF16. B is packed: at each step 16 columns a vector, step after step. C is F32, its rows {@code
 * cStride} bytes apart. A lies by rows, {@code aStride} bytes apart with their steps side by side,
 * or in a panel: at each step the rows side by side, {@code aStride} bytes from step to step.
 *
 * <p>Flags: {@link ProductCode#ACCUMULATE} begins with what C has instead of zero; {@link
 * ProductCode#ROUND} leaves C and stores BF16 to {@code rounded} instead, ties to even, subnormal
 * numbers as zero, where the processor has BF16.
 *
 * <p>The accumulators stay in registers, and so does the step's B, in the last four. A is broadcast
 * from memory, by each multiplication itself or before it, to one of four registers in turn: see
 * {@link TileForm}. Each element of C is one chain in ascending k.
 */
public final class TileCode {
  private static final int UNROLL = 4;

  /** The first of four registers of B, and of A where it is broadcast first. */
  private static final int B = 28, A = 24;

  private final Avx512Assembler asm;
  private final boolean pairs;
  private final boolean rounds;
  private final boolean broadcastsFirst;
  private final int rows;
  private final int vectors;
  private final boolean panel;

  private TileCode(Avx512Instructions instructions, int rows, int vectors, boolean panel) {
    this.asm = instructions.assembler();
    this.pairs = instructions.step() == Step.BFLOAT16_PAIR;
    this.rounds = instructions.roundsSums();
    this.broadcastsFirst = instructions.form().broadcastsFirst();
    this.rows = rows;
    this.vectors = vectors;
    this.panel = panel;
  }

  /**
   * Appends the function for tiles of [rows, 16·vectors].
   *
   * @param panel whether A lies in a panel, else by rows
   */
  static void emit(Avx512Instructions instructions, int rows, int vectors, boolean panel) {
    var asm = instructions.assembler();
    var frame = new Frame(asm, instructions.convention(), 10, 0, RBX, RBP, R12, R13, R14, R15);
    frame.prologue();
    frame.loadStackArgument(6, R12);
    frame.loadStackArgument(7, R13);
    frame.loadStackArgument(8, R14);
    frame.loadStackArgument(9, R15);
    new TileCode(instructions, rows, vectors, panel).emit();
    frame.epilogue();
  }

  private void emit() {
    asm.lea(R10, at(RDX, RDX, 2, 0));
    asm.lea(R11, at(RDX, RDX, 4, 0));
    asm.align(32);
    var nextTile = asm.here();
    begin();
    multiply();
    end();
    asm.dec(R12);
    asm.jnz(nextTile);
  }

  private Vector sum(int row, int vector) {
    return zmm(row * vectors + vector);
  }

  /** Row {@code row} of the tile of C; RAX and RBX hold 3 and 5 strides. */
  private Address c(int row, int vector) {
    return row(R8, R9, RAX, RBX, row, 64 * vector);
  }

  /** Row 0 to 6 behind {@code base}. */
  static Address row(
      Gp base, Gp stride, Gp threeStrides, Gp fiveStrides, int row, int displacement) {
    return switch (row) {
      case 0 -> at(base, displacement);
      case 1, 2, 4 -> at(base, stride, row, displacement);
      case 3 -> at(base, threeStrides, 1, displacement);
      case 5 -> at(base, fiveStrides, 1, displacement);
      case 6 -> at(base, threeStrides, 2, displacement);
      default -> throw new IllegalArgumentException("row " + row);
    };
  }

  private void begin() {
    var fromZero = new Label();
    var begun = new Label();
    asm.mov(RAX, R13);
    asm.and(RAX, ProductCode.ACCUMULATE);
    asm.jz(fromZero);
    asm.lea(RAX, at(R9, R9, 2, 0));
    asm.lea(RBX, at(R9, R9, 4, 0));
    forEachSum((row, vector) -> asm.vmovups(sum(row, vector), c(row, vector)));
    asm.jmp(begun);
    asm.bind(fromZero);
    forEachSum((row, vector) -> asm.vpxord(sum(row, vector), sum(row, vector), sum(row, vector)));
    asm.bind(begun);
  }

  private void multiply() {
    asm.mov(RAX, RSI);
    asm.mov(RBX, RCX);
    var rest = new Label();
    var done = new Label();
    asm.mov(RBP, RDI);
    asm.shr(RBP, Integer.numberOfTrailingZeros(UNROLL));
    asm.jz(rest);
    asm.align(32);
    loop(UNROLL);
    asm.bind(rest);
    asm.mov(RBP, RDI);
    asm.and(RBP, UNROLL - 1);
    asm.jz(done);
    loop(1);
    asm.bind(done);
  }

  /** RBP times so many steps. */
  private void loop(int steps) {
    var again = asm.here();
    for (var step = 0; step < steps; step++) {
      for (var vector = 0; vector < vectors; vector++) {
        asm.vmovups(zmm(B + vector), at(RBX, 64 * (step * vectors + vector)));
      }
      for (var row = 0; row < rows; row++) {
        var a = broadcasted(row, step);
        for (var vector = 0; vector < vectors; vector++) {
          multiplyAdd(sum(row, vector), zmm(B + vector), a);
        }
      }
    }
    if (!panel) {
      asm.add(RAX, 4 * steps);
    } else if (steps == 1) {
      asm.add(RAX, RDX);
    } else {
      asm.lea(RAX, at(RAX, RDX, steps, 0));
    }
    asm.add(RBX, steps * 64 * vectors);
    asm.dec(RBP);
    asm.jnz(again);
  }

  /** What a row's multiplications of a step take from A. */
  private Operand broadcasted(int row, int step) {
    if (!broadcastsFirst) {
      return a(row, step).broadcasted();
    }
    var register = zmm(A + row % 4);
    asm.vbroadcastss(register, a(row, step));
    return register;
  }

  private Address a(int row, int step) {
    return panel ? row(RAX, RDX, R10, R11, step, 4 * row) : row(RAX, RDX, R10, R11, row, 4 * step);
  }

  private void multiplyAdd(Vector into, Vector left, Operand right) {
    if (pairs) {
      asm.vdpbf16ps(into, left, right);
    } else {
      asm.vfmadd231ps(into, left, right);
    }
  }

  private void end() {
    var round = new Label();
    var stored = new Label();
    if (rounds) {
      asm.mov(RAX, R13);
      asm.and(RAX, ProductCode.ROUND);
      asm.jnz(round);
    }
    asm.lea(RAX, at(R9, R9, 2, 0));
    asm.lea(RBX, at(R9, R9, 4, 0));
    forEachSum((row, vector) -> asm.vmovups(c(row, vector), sum(row, vector)));
    if (rounds) {
      asm.jmp(stored);
      asm.bind(round);
      asm.lea(RAX, at(R15, R15, 2, 0));
      asm.lea(RBX, at(R15, R15, 4, 0));
      for (var row = 0; row < rows; row++) {
        storeRounded(row);
      }
      advance(R14, R15);
      asm.bind(stored);
    }
    advance(R8, R9);
    if (panel) {
      asm.add(RSI, 4 * rows);
    } else {
      advance(RSI, RDX);
    }
  }

  private void storeRounded(int row) {
    for (var vector = 0; vector < vectors; vector += 2) {
      var to = row(R14, R15, RAX, RBX, row, 32 * vector);
      var low = sum(row, vector);
      if (vector + 1 < vectors) {
        asm.vcvtne2ps2bf16(low, sum(row, vector + 1), low);
        asm.vmovups(to, low);
      } else {
        var half = ymm(low.number());
        asm.vcvtneps2bf16(half, low);
        asm.vmovups(to, half);
      }
    }
  }

  /** Moves a pointer below this tile. */
  private void advance(Gp pointer, Gp stride) {
    asm.mov(RAX, rows);
    asm.imul(RAX, stride);
    asm.add(pointer, RAX);
  }

  private interface SumAction {
    void run(int row, int vector);
  }

  private void forEachSum(SumAction action) {
    for (var row = 0; row < rows; row++) {
      for (var vector = 0; vector < vectors; vector++) {
        action.run(row, vector);
      }
    }
  }
}
