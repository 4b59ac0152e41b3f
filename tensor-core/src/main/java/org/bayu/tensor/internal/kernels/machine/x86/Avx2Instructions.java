package org.bayu.tensor.internal.kernels.machine.x86;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx2Assembler;

/** Products with AVX2, FMA and F16C. */
record Avx2Instructions(Avx2Assembler assembler, CallingConvention convention, Step step)
    implements ProductInstructions {
  Avx2Instructions {
    if (step == Step.BFLOAT16_PAIR) {
      throw new IllegalArgumentException("pairs of BF16 with AVX2");
    }
  }

  @Override
  public int vectorLanes() {
    return Avx2LoadCode.CHUNK;
  }

  @Override
  public int tileRows() {
    return Avx2TileCode.ROWS;
  }

  @Override
  public int tileVectors() {
    return Avx2TileCode.VECTORS;
  }

  /**
   * A tile's 16 KiB of B and 6 KiB of A are in the first-level cache; the rows together in the
   * second.
   */
  @Override
  public int blockSteps() {
    return 256;
  }

  @Override
  public int panelLanes() {
    return 4 * Avx2TileCode.ROWS;
  }

  @Override
  public int rowsTogether() {
    return 16 * Avx2TileCode.ROWS;
  }

  /** A tile reads 24 bytes at each step: with the lines between it would fill the cache. */
  @Override
  public boolean hasStrips() {
    return true;
  }

  @Override
  public boolean roundsSums() {
    return false;
  }

  @Override
  public int streamRows(int few) {
    return Avx2StreamCode.rows(few);
  }

  @Override
  public int mostStreamRows() {
    return 16;
  }

  @Override
  public long tail(int elements) {
    return elements;
  }

  @Override
  public void emitTile(int rows, int vectors, boolean panel) {
    Avx2TileCode.emit(assembler, convention, rows, vectors, panel);
  }

  @Override
  public void emitSteps(DType from) {
    Avx2PackCode.emitSteps(assembler, convention, step, from);
  }

  @Override
  public void emitLanes(DType from, int groups) {
    Avx2PackCode.emitLanes(assembler, convention, step, from, groups);
  }

  @Override
  public void emitLanesOfTiles(DType from) {
    Avx2PackCode.emitLanesOfTiles(
        assembler, convention, step, from, tileVectors(), 4 * tileColumns() * blockSteps());
  }

  @Override
  public void emitStrips() {
    Avx2PackCode.emitStrips(assembler, convention);
  }

  @Override
  public void emitStream(DType from, int rows, int few) {
    Avx2StreamCode.emit(assembler, convention, step, from, rows, few);
  }

  @Override
  public void emitPeak() {
    Avx2PeakCode.emit(assembler, convention);
  }

  @Override
  public double peakFlops() {
    return Avx2PeakCode.FLOPS;
  }
}
