package org.bayu.tensor.internal.kernels.machine.x86;

import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.Step;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Avx512Assembler;

/**
 * Products with AVX-512 F, BW and VL.
 *
 * @param bfloat16 whether there is BF16 too
 * @param form of the tiles
 */
record Avx512Instructions(
    Avx512Assembler assembler,
    CallingConvention convention,
    Step step,
    boolean bfloat16,
    TileForm form)
    implements ProductInstructions {
  Avx512Instructions {
    if (step == Step.BFLOAT16_PAIR && !bfloat16) {
      throw new IllegalArgumentException("pairs of BF16 without AVX-512 BF16");
    }
  }

  private boolean pairs() {
    return step == Step.BFLOAT16_PAIR;
  }

  @Override
  public int vectorLanes() {
    return 16;
  }

  @Override
  public int tileRows() {
    return form.rows();
  }

  @Override
  public int tileVectors() {
    return form.columns() / vectorLanes();
  }

  @Override
  public int blockSteps() {
    return 512;
  }

  @Override
  public int panelLanes() {
    return 16 * form.rows();
  }

  @Override
  public boolean hasStrips() {
    return false;
  }

  @Override
  public boolean roundsSums() {
    return bfloat16;
  }

  /** A single row of pairs is fast enough, and memory is read in order then. */
  @Override
  public int streamRows(int few) {
    return few == 1 && pairs() ? 1 : 4;
  }

  @Override
  public int mostStreamRows() {
    return pairs() ? 64 : 32;
  }

  /** A bit for each element. */
  @Override
  public long tail(int elements) {
    return (1L << elements) - 1;
  }

  @Override
  public void emitTile(int rows, int vectors, boolean panel) {
    TileCode.emit(this, rows, vectors, panel);
  }

  @Override
  public void emitSteps(DType from) {
    PackCode.emitSteps(assembler, convention, step, from);
  }

  @Override
  public void emitLanes(DType from, int groups) {
    PackCode.emitLanes(assembler, convention, step, from, groups);
  }

  @Override
  public void emitStream(DType from, int rows, int few) {
    Avx512StreamCode.emit(assembler, convention, step, from, rows, few);
  }

  @Override
  public void emitPeak() {
    PeakCode.emit(assembler, convention, pairs());
  }

  @Override
  public double peakFlops() {
    return PeakCode.flops(pairs());
  }
}
