package org.bayu.tensor.internal.kernels.machine.x86;

import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Address.at;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R12;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R13;
import static org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp.R14;
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

import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Address;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Gp;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Label;

/**
 * {@link TileCode} in F32 with AVX2 and FMA: tiles of 1 to {@value #ROWS} rows and 8 or 16 columns.
 * Of 16 registers 12 hold sums, two B and two A.
 *
 * <p>The parameters are those of that function, but sums are not rounded: in place of {@code
 * rounded} is the number of bytes from one tile's A to the next one's.
 */
final class Avx2TileCode {
  /** Rows of a full tile. */
  static final int ROWS = 6;

  /** Vectors of 8 columns that a tile has at most. */
  static final int VECTORS = 2;

  private static final int UNROLL = 4;
  private static final int B = 12, A = 14;

  private final Avx2Assembler asm;
  private final int rows;
  private final int vectors;
  private final boolean panel;

  private Avx2TileCode(Avx2Assembler asm, int rows, int vectors, boolean panel) {
    this.asm = asm;
    this.rows = rows;
    this.vectors = vectors;
    this.panel = panel;
  }

  /**
   * Appends the function for tiles of [rows, 8·vectors].
   *
   * @param panel whether A lies in a panel, else by rows
   */
  static void emit(
      Avx2Assembler asm, CallingConvention convention, int rows, int vectors, boolean panel) {
    var frame = new Frame(asm, convention, 10, 0, RBX, RBP, R12, R13, R14);
    frame.prologue();
    frame.loadStackArgument(6, R12);
    frame.loadStackArgument(7, R13);
    frame.loadStackArgument(8, R14);
    new Avx2TileCode(asm, rows, vectors, panel).emit();
    frame.epilogue();
  }

  private void emit() {
    asm.and(R13, ProductCode.ACCUMULATE);
    asm.lea(R10, at(RDX, RDX, 2, 0));
    asm.lea(R11, at(RDX, RDX, 4, 0));
    asm.align(32);
    var nextTile = asm.here();
    prefetchSums();
    asm.lea(RAX, at(R9, R9, 2, 0));
    asm.lea(RBX, at(R9, R9, 4, 0));
    begin();
    multiply();
    asm.lea(RAX, at(R9, R9, 2, 0));
    asm.lea(RBX, at(R9, R9, 4, 0));
    for (var i = 0; i < rows * vectors; i++) {
      asm.vmovups(c(i), ymm(i));
    }
    advance(R8);
    asm.add(RSI, R14);
    asm.dec(R12);
    asm.jnz(nextTile);
  }

  /** The place of sum {@code i} in C; RAX and RBX hold 3 and 5 strides. */
  private Address c(int i) {
    return TileCode.row(R8, R9, RAX, RBX, i / vectors, 32 * (i % vectors));
  }

  /** Fetches the next tile's C, whose rows are too far apart for the processor to foresee them. */
  private void prefetchSums() {
    asm.mov(RAX, R8);
    advance(RAX);
    for (var row = 0; row < rows; row++) {
      asm.prefetcht0(at(RAX));
      asm.add(RAX, R9);
    }
  }

  private void begin() {
    var fromZero = new Label();
    var begun = new Label();
    asm.test(R13, R13);
    asm.jz(fromZero);
    for (var i = 0; i < rows * vectors; i++) {
      asm.vmovups(ymm(i), c(i));
    }
    asm.jmp(begun);
    asm.bind(fromZero);
    for (var i = 0; i < rows * vectors; i++) {
      asm.vxorps(ymm(i), ymm(i), ymm(i));
    }
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
    if (panel && steps == UNROLL) {
      // What the next tile reads: of strips 96 bytes, across pages too, where no one else does it.
      asm.prefetcht0(at(RAX, R14, 1, 0));
      asm.prefetcht0(at(RAX, R14, 1, 64));
    }
    for (var step = 0; step < steps; step++) {
      for (var vector = 0; vector < vectors; vector++) {
        asm.vmovups(ymm(B + vector), at(RBX, 32 * (step * vectors + vector)));
      }
      for (var row = 0; row < rows; row++) {
        var a = ymm(A + row % 2);
        asm.vbroadcastss(a, a(row, step));
        for (var vector = 0; vector < vectors; vector++) {
          asm.vfmadd231ps(ymm(row * vectors + vector), a, ymm(B + vector));
        }
      }
    }
    if (!panel) {
      asm.add(RAX, 4 * steps);
    } else {
      asm.lea(RAX, at(RAX, RDX, steps, 0));
    }
    asm.add(RBX, 32 * vectors * steps);
    asm.dec(RBP);
    asm.jnz(again);
  }

  private Address a(int row, int step) {
    return panel
        ? TileCode.row(RAX, RDX, R10, R11, step, 4 * row)
        : TileCode.row(RAX, RDX, R10, R11, row, 4 * step);
  }

  /** Moves a pointer into C below this tile; changes RBX. */
  private void advance(Gp pointer) {
    asm.mov(RBX, rows);
    asm.imul(RBX, R9);
    asm.add(pointer, RBX);
  }
}
