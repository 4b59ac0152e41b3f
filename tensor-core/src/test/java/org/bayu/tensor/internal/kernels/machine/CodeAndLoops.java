package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.CacheKernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.ScalarKernels;
import org.bayu.tensor.internal.kernels.gemm.MatrixProduct;
import org.bayu.tensor.internal.kernels.gemm.ProductKernels;
import org.bayu.tensor.internal.kernels.machine.x86.TestTiers;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * A tier's machine code, and plain loops for what it leaves to the Vector API: there vectors are
 * objects until the compiler has seen through them, here an object is one that Bayu made.
 */
public final class CodeAndLoops extends ScalarKernels implements ProductKernels {
  private final MachineKernels machine;

  private CodeAndLoops(MachineKernels machine) {
    this.machine = machine;
  }

  /** Plain loops with each kind of machine code that runs on this processor, and with none. */
  public static List<Kernels> all() {
    var all = new ArrayList<Kernels>();
    all.add(ScalarKernels.INSTANCE);
    for (var kernels : TestTiers.machine()) {
      all.add(new CodeAndLoops((MachineKernels) kernels));
    }
    return all;
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public int tileRows() {
    return machine.tileRows();
  }

  @Override
  public int tileColumns() {
    return machine.tileColumns();
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
    machine.gemmTile(k, a, aAt, b, bAt, c, cAt, cStride, accumulate);
  }

  @Override
  public MatrixProduct matrixProduct(WorkerPool workers) {
    return new PanelProduct(this, machine.f32(), machine.bfloat16(), workers);
  }

  @Override
  public CacheKernels cache() {
    return machine.cache();
  }

  @Override
  public @Nullable AttentionKernels attention() {
    return machine.attention();
  }

  @Override
  public @Nullable BFloat16Kernels bfloat16Loops() {
    return machine.bfloat16Loops();
  }

  @Override
  public String toString() {
    return machine + " and loops";
  }
}
