package org.bayu.tensor.internal.kernels.machine;

import static org.bayu.tensor.internal.kernels.machine.Address.at;
import static org.bayu.tensor.internal.kernels.machine.Gp.R10;
import static org.bayu.tensor.internal.kernels.machine.Gp.R11;
import static org.bayu.tensor.internal.kernels.machine.Gp.R8;
import static org.bayu.tensor.internal.kernels.machine.Gp.R9;
import static org.bayu.tensor.internal.kernels.machine.Gp.RAX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RCX;
import static org.bayu.tensor.internal.kernels.machine.Gp.RDI;
import static org.bayu.tensor.internal.kernels.machine.Gp.RSI;
import static org.bayu.tensor.internal.kernels.machine.Vector.ymm;

/**
 * {@link TileCode} in F32 for processors with AVX2 and FMA: one tile of {@value #ROWS} rows by
 * {@value #COLUMNS} columns, with the parameters of that function and A in a panel of {@value
 * #ROWS}. Of 16 registers 12 hold sums, two B and one A.
 */
final class Avx2TileCode {
  static final int ROWS = 6;
  static final int COLUMNS = 16;

  private static final int UNROLL = 4;

  private final Avx2Assembler asm;

  private Avx2TileCode(Avx2Assembler asm) {
    this.asm = asm;
  }

  static void emit(Avx2Assembler asm, CallingConvention convention) {
    var frame = new Frame(asm, convention, 10, 0);
    frame.prologue();
    frame.loadStackArgument(7, R11);
    new Avx2TileCode(asm).emit();
    frame.epilogue();
  }

  private void emit() {
    asm.lea(RAX, at(R9, R9, 2, 0));
    asm.lea(R10, at(R9, R9, 4, 0));
    begin();
    var rest = new Label();
    var done = new Label();
    asm.mov(R11, RDI);
    asm.shr(R11, Integer.numberOfTrailingZeros(UNROLL));
    asm.jz(rest);
    asm.align(32);
    loop(UNROLL);
    asm.bind(rest);
    asm.mov(R11, RDI);
    asm.and(R11, UNROLL - 1);
    asm.jz(done);
    loop(1);
    asm.bind(done);
    for (var i = 0; i < 2 * ROWS; i++) {
      asm.vmovups(c(i), ymm(i));
    }
  }

  /** Half {@code i % 2} of row {@code i / 2} of C. */
  private static Address c(int i) {
    return TileCode.row(R8, R9, RAX, R10, i / 2, 32 * (i % 2));
  }

  private void begin() {
    var fromZero = new Label();
    var begun = new Label();
    asm.and(R11, TileCode.ACCUMULATE);
    asm.jz(fromZero);
    for (var i = 0; i < 2 * ROWS; i++) {
      asm.vmovups(ymm(i), c(i));
    }
    asm.jmp(begun);
    asm.bind(fromZero);
    for (var i = 0; i < 2 * ROWS; i++) {
      asm.vxorps(ymm(i), ymm(i), ymm(i));
    }
    asm.bind(begun);
  }

  /** R11 times so many steps. */
  private void loop(int steps) {
    var again = asm.here();
    for (var step = 0; step < steps; step++) {
      asm.vmovups(ymm(12), at(RCX, 64 * step));
      asm.vmovups(ymm(13), at(RCX, 64 * step + 32));
      for (var row = 0; row < ROWS; row++) {
        asm.vbroadcastss(ymm(14), at(RSI, 4 * (row + step * ROWS)));
        asm.vfmadd231ps(ymm(2 * row), ymm(14), ymm(12));
        asm.vfmadd231ps(ymm(2 * row + 1), ymm(14), ymm(13));
      }
    }
    asm.add(RSI, 4 * ROWS * steps);
    asm.add(RCX, 64 * steps);
    asm.dec(R11);
    asm.jnz(again);
  }
}
