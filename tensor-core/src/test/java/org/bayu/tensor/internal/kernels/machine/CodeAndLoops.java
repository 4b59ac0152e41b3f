package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.MatrixProduct;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * A tier's machine code, and plain loops for what it leaves to the Vector API: there vectors are
 * objects until the compiler has seen through them, here an object is one that Bayu made.
 */
public class CodeAndLoops extends ScalarKernels {
  private final MachineTileKernels tile;

  private CodeAndLoops(MachineTileKernels tile) {
    this.tile = tile;
  }

  /** Plain loops with each kind of machine code that runs on this processor, and with none. */
  public static List<Kernels> all() {
    var all = new ArrayList<Kernels>();
    all.add(ScalarKernels.INSTANCE);
    for (var kernels : TestTiers.machine()) {
      var tile = (MachineTileKernels) kernels;
      all.add(tile instanceof MachineKernels ? new WithProducts(tile) : new CodeAndLoops(tile));
    }
    return all;
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public int tileRows() {
    return tile.tileRows();
  }

  @Override
  public int tileColumns() {
    return tile.tileColumns();
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
    tile.gemmTile(k, a, aAt, b, bAt, c, cAt, cStride, accumulate);
  }

  /** With products and attention of bf16 too. */
  private static final class WithProducts extends CodeAndLoops {
    private final ProductCode f32;
    private final ProductCode bfloat16;
    private final @Nullable AttentionKernels attention;

    WithProducts(MachineTileKernels kernels) {
      super(kernels);
      attention = kernels.attention();
      try {
        f32 = new ProductCode(CallingConvention.ofThisSystem(), false);
        bfloat16 = new ProductCode(CallingConvention.ofThisSystem(), true);
      } catch (CodeRefusedException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public MatrixProduct matrixProduct(WorkerPool workers) {
      return new PanelProduct(this, f32, bfloat16, workers);
    }

    @Override
    public @Nullable AttentionKernels attention() {
      return attention;
    }
  }
}
