package org.bayu.tensor.internal.kernels.machine;

/** What the functions of a {@link ProductCode} compute at a time, on some kind of processor. */
public interface ProductShape {
  /** What is multiplied. */
  Step step();

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

  /**
   * Rows of A that meet a tile's columns of B before other columns: they stay in the second-level
   * cache meanwhile. A whole number of tiles; a panel, unless there are strips.
   */
  default int rowsTogether() {
    return panelLanes();
  }

  /**
   * Whether a packed panel of A is in strips: a tile's rows side by side at each step, and one tile
   * behind the other. Else the rows of all tiles are side by side.
   */
  boolean hasStrips();

  /** Whether tiles can round their sums to BF16. */
  boolean roundsSums();

  /** Rows of a weight that are read at the same time for so many vectors. */
  int streamRows(int few);

  /** Rows of A up to which streaming a weight is faster than packing it. */
  int mostStreamRows();

  /** What tells a function that the last vector has so many elements. */
  long tail(int elements);

  /** Floating-point operations of a step of the peak. */
  double peakFlops();
}
