package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;

/**
 * The kernels of processors with AVX2 and FMA: the tile of a product in machine code, in F32, all
 * else on the Vector API.
 */
public class MachineTileKernels extends VectorKernels {
  private final MemorySegment tile;

  /**
   * Assembles the tile.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  MachineTileKernels(CallingConvention convention) throws CodeRefusedException {
    var asm = new Avx2Assembler();
    Avx2TileCode.emit(asm, convention);
    tile = CodeBuffer.of(asm.toByteArray()).address(0);
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public int tileRows() {
    return Avx2TileCode.ROWS;
  }

  @Override
  public int tileColumns() {
    return Avx2TileCode.COLUMNS;
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
