package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;

/**
 * The kernels of processors that have AVX-512 or AVX2, but no instruction for BF16: the tile of a
 * product in machine code, in F32, all else on the Vector API.
 */
public class MachineTileKernels extends VectorKernels {
  private final boolean avx512;
  private final MemorySegment tile;

  /**
   * Assembles the tile.
   *
   * @param avx512 whether for AVX-512, else for AVX2 with FMA
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  MachineTileKernels(CallingConvention convention, boolean avx512) throws CodeRefusedException {
    this.avx512 = avx512;
    byte[] code;
    if (avx512) {
      var asm = new Avx512Assembler();
      TileCode.emit(asm, convention, false, TileCode.ROWS, TileCode.VECTORS, true);
      code = asm.toByteArray();
    } else {
      var asm = new Avx2Assembler();
      Avx2TileCode.emit(asm, convention);
      code = asm.toByteArray();
    }
    tile = CodeBuffer.of(code).address(0);
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public int tileRows() {
    return avx512 ? TileCode.ROWS : Avx2TileCode.ROWS;
  }

  @Override
  public int tileColumns() {
    return avx512 ? 16 * TileCode.VECTORS : Avx2TileCode.COLUMNS;
  }

  @Override
  public void gemmTile(
      int k,
      MemorySegment a,
      long aAt,
      MemorySegment b,
      long bAt,
      MemorySegment c,
      long cAt,
      long cStride,
      boolean accumulate) {
    MachineCall.call(
        tile,
        k,
        a.address() + aAt,
        4L * tileRows(),
        b.address() + bAt,
        c.address() + cAt,
        4 * cStride,
        1,
        accumulate ? TileCode.ACCUMULATE : 0,
        0,
        0);
  }
}
