package org.bayu.tensor.internal.kernels.machine.x86;

import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.machine.CodeBuffer;
import org.bayu.tensor.internal.kernels.machine.CodeRefusedException;
import org.bayu.tensor.internal.kernels.machine.ProductCode;
import org.bayu.tensor.internal.kernels.machine.ProductShape;
import org.bayu.tensor.internal.kernels.machine.x86.assembler.Assembler;

/** How the functions of {@link ProductCode} are made for some kind of processor. */
interface ProductInstructions extends ProductShape {
  /** Where the functions are appended. */
  Assembler assembler();

  /** Appends a {@link TileCode}. */
  void emitTile(int rows, int vectors, boolean panel);

  /** Appends the packing of lanes whose k lie side by side. */
  void emitSteps(DType from);

  /** Appends the packing of lanes that lie side by side. */
  void emitLanes(DType from, int groups);

  /** Appends what {@link ProductCode#packTiles} calls; nothing where a tile has all columns. */
  default void emitLanesOfTiles(DType from) {}

  /** Appends what {@link ProductCode#toStrips} calls; nothing where there are no strips. */
  default void emitStrips() {}

  /** Appends a {@link StreamCode}. */
  void emitStream(DType from, int rows, int few);

  /** Appends multiply-adds from registers alone: {@code void peak(long steps)}. */
  void emitPeak();

  /**
   * Assembles the functions.
   *
   * @throws CodeRefusedException if the operating system gives no executable memory
   */
  default ProductCode assemble() throws CodeRefusedException {
    List<Integer> tiles = new ArrayList<>();
    for (var panel : new boolean[] {false, true}) {
      for (var vectors = 1; vectors <= tileVectors(); vectors++) {
        for (var rows = 1; rows <= tileRows(); rows++) {
          tiles.add(begin());
          emitTile(rows, vectors, panel);
        }
      }
    }
    List<Integer> steps = new ArrayList<>();
    List<Integer> lanes = new ArrayList<>();
    List<Integer> lanesOfTiles = new ArrayList<>();
    List<Integer> streams = new ArrayList<>();
    for (var from : ProductCode.SOURCES) {
      steps.add(begin());
      emitSteps(from);
      for (var groups = 1; groups <= ProductCode.COLUMNS / vectorLanes(); groups++) {
        lanes.add(begin());
        emitLanes(from, groups);
      }
      lanesOfTiles.add(begin());
      emitLanesOfTiles(from);
      for (var few = 1; few <= ProductCode.FEW; few++) {
        streams.add(begin());
        emitStream(from, 1, few);
        streams.add(begin());
        emitStream(from, streamRows(few), few);
      }
    }
    var strips = begin();
    emitStrips();
    var peak = begin();
    emitPeak();
    var code = CodeBuffer.of(assembler().toByteArray());
    return new ProductCode(this, code, tiles, steps, lanes, lanesOfTiles, streams, strips, peak);
  }

  /** Where the next function begins. */
  private int begin() {
    assembler().align(64);
    return assembler().position();
  }
}
