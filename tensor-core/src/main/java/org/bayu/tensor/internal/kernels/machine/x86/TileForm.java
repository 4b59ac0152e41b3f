package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.List;

/**
 * A form of the inner loop of products: the size of a full tile, and how it reads A. The bits of a
 * product do not depend on it.
 *
 * <p>Which form is faster depends on what the processor can load in a cycle. A multiplication that
 * broadcasts A from memory needs a load of its own. A broadcast before it needs one load for a
 * whole row of the tile, and registers.
 *
 * @param rows of a full tile
 * @param columns of a full tile: whole vectors
 * @param broadcastsFirst whether A is broadcast to a register for all multiplications of a row of
 *     the tile; else each multiplication broadcasts it from memory
 */
record TileForm(int rows, int columns, boolean broadcastsFirst) {
  /** With AVX-512: 28 sums and 4 registers of B; or 24 sums, 4 of B and 4 of A. */
  static final List<TileForm> AVX512 =
      List.of(new TileForm(7, 64, false), new TileForm(6, 64, true));

  /** With AVX2: that of {@link Avx2TileCode}. */
  static final List<TileForm> AVX2 =
      List.of(new TileForm(Avx2TileCode.ROWS, 8 * Avx2TileCode.VECTORS, true));

  /** How {@code -Dbayu.tile} names it. */
  String name() {
    return rows + "x" + columns;
  }

  /** Its description for people. */
  @Override
  public String toString() {
    return rows + "×" + columns + ", A " + (broadcastsFirst ? "broadcast first" : "from memory");
  }
}
