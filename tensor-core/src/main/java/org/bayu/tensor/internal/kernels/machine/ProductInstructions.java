package org.bayu.tensor.internal.kernels.machine;

import org.bayu.tensor.DType;

/** How the functions of {@link ProductCode} are made for some kind of processor. */
interface ProductInstructions {
  /** What is multiplied. */
  Step step();

  /** Where the functions are appended. */
  Assembler assembler();

  /** F32 lanes of a vector. */
  int vectorLanes();

  /** Rows of a full tile. */
  int tileRows();

  /** Vectors of columns that a tile has at most. */
  int tileVectors();

  /** Columns of a full tile. */
  default int tileColumns() {
    return tileVectors() * vectorLanes();
  }

  /** Steps of k in a block: what is packed of B stays in the second-level cache meanwhile. */
  int blockSteps();

  /** Lanes of a packed panel of A: a whole number of tiles and of vectors. */
  int panelLanes();

  /** Whether tiles can round their sums to BF16. */
  boolean roundsSums();

  /** Rows of a weight that are read at the same time for so many vectors. */
  int streamRows(int few);

  /** What tells a function that the last vector has so many elements. */
  long tail(int elements);

  /** Appends a {@link TileCode}. */
  void emitTile(int rows, int vectors, boolean panel);

  /** Appends the packing of lanes whose k lie side by side. */
  void emitSteps(DType from);

  /** Appends the packing of lanes that lie side by side. */
  void emitLanes(DType from, int groups);

  /** Appends a {@link StreamCode}. */
  void emitStream(DType from, int rows, int few);

  /** Appends multiply-adds from registers alone: {@code void peak(long steps)}. */
  void emitPeak();

  /** Floating-point operations of a step of the peak. */
  double peakFlops();
}
