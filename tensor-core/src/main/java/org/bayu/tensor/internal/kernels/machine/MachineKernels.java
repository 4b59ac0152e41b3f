package org.bayu.tensor.internal.kernels.machine;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Supplier;
import org.bayu.tensor.DType;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.bayu.tensor.internal.kernels.BFloat16Kernels;
import org.bayu.tensor.internal.kernels.CacheKernels;
import org.bayu.tensor.internal.kernels.Kernels;
import org.bayu.tensor.internal.kernels.StateKernels;
import org.bayu.tensor.internal.kernels.gemm.MatrixProduct;
import org.bayu.tensor.internal.kernels.gemm.ProductKernels;
import org.bayu.tensor.internal.kernels.vector.VectorKernels;
import org.bayu.tensor.internal.parallel.WorkerPool;
import org.jspecify.annotations.Nullable;

/**
 * Kernels with matrix products and loops over binary32 in machine code, and attention and loops
 * over bf16 where there is code for the processor; the rest on the Vector API. A package for each
 * kind of processor assembles the code.
 */
public final class MachineKernels extends VectorKernels implements ProductKernels {
  private final String title;
  private final Supplier<String> microKernel;
  private final ProductCode f32;
  private final ProductCode bfloat16;
  private final MemoryReader reader;
  private final FloatLoops loops;
  private final CacheKernels cache;
  private final StateKernels state;
  private final @Nullable AttentionKernels attention;
  private final @Nullable BFloat16Kernels elements;

  /**
   * Kernels of this code.
   *
   * @param title the instructions' name for people
   * @param microKernel the form of the products' inner loop, and why this one, for people
   * @param f32 products of F32
   * @param bfloat16 products of BF16
   * @param loops over binary32
   * @param cache products with the rows of a cache
   * @param state loops over the forms of an optimizer's state
   * @param attention null where there is none in bf16
   * @param elements null where there are none
   */
  public MachineKernels(
      String title,
      Supplier<String> microKernel,
      ProductCode f32,
      ProductCode bfloat16,
      MemoryReader reader,
      FloatLoops loops,
      CacheKernels cache,
      StateKernels state,
      @Nullable AttentionKernels attention,
      @Nullable BFloat16Kernels elements) {
    this.title = title;
    this.microKernel = microKernel;
    this.f32 = f32;
    this.bfloat16 = bfloat16;
    this.reader = reader;
    this.loops = loops;
    this.cache = cache;
    this.state = state;
    this.attention = attention;
    this.elements = elements;
  }

  /** Code that reads memory, as fast as the processor can, and forgets it. */
  @FunctionalInterface
  public interface MemoryReader {
    /** Reads {@code bytes} bytes behind byte {@code at}. */
    void read(MemorySegment memory, long at, long bytes);
  }

  /** Kernels, or why there are none, in a few words for people. */
  public sealed interface Availability {
    /**
     * They run here.
     *
     * @param processor what of it they use
     */
    record Available(Kernels kernels, String processor) implements Availability {}

    /**
     * They do not.
     *
     * @param isRefused whether the processor could, but this JVM or the system does not let it
     */
    record Missing(String reason, boolean isRefused) implements Availability {}
  }

  /** This machine's processor. */
  public record Processor(String name, List<String> features) {}

  /** F32 products. */
  ProductCode f32() {
    return f32;
  }

  /** BF16 products. */
  ProductCode bfloat16() {
    return bfloat16;
  }

  @Override
  public String tier() {
    return "machine";
  }

  @Override
  public String instructions() {
    return title + ", " + super.instructions();
  }

  @Override
  public String microKernel() {
    return microKernel.get();
  }

  @Override
  public double multiplyAddPeak(DType operands, int steps) {
    return (operands == DType.BF16 ? bfloat16 : f32).runPeak(steps);
  }

  @Override
  public void read(MemorySegment memory, long at, long bytes) {
    reader.read(memory, at, bytes);
  }

  @Override
  public void widen(
      DType from, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    if (from == DType.BF16) {
      loops.widen(src, srcAt, dst, dstAt, n);
    } else {
      super.widen(from, src, srcAt, dst, dstAt, n);
    }
  }

  @Override
  public void narrow(
      DType to, MemorySegment src, long srcAt, MemorySegment dst, long dstAt, int n) {
    if (to == DType.BF16) {
      loops.narrow(src, srcAt, dst, dstAt, n);
    } else {
      super.narrow(to, src, srcAt, dst, dstAt, n);
    }
  }

  @Override
  public void narrowRows(
      DType to,
      int rows,
      MemorySegment src,
      long srcAt,
      long srcStride,
      MemorySegment dst,
      long dstAt,
      long dstStride,
      int n) {
    if (to == DType.BF16) {
      loops.narrow(rows, src, srcAt, srcStride, dst, dstAt, dstStride, n);
    } else {
      super.narrowRows(to, rows, src, srcAt, srcStride, dst, dstAt, dstStride, n);
    }
  }

  @Override
  public void add(
      MemorySegment a, long aAt, MemorySegment b, long bAt, MemorySegment y, long yAt, int n) {
    loops.add(a, aAt, b, bAt, y, yAt, n);
  }

  @Override
  public void addScaled(float alpha, MemorySegment x, long xAt, MemorySegment y, long yAt, int n) {
    loops.addScaled(alpha, x, xAt, y, yAt, n);
  }

  @Override
  public void addScaledRows(
      DType type,
      float alpha,
      int rows,
      MemorySegment x,
      long xAt,
      long xStride,
      MemorySegment y,
      long yAt,
      long yStride,
      int n,
      MemorySegment line) {
    if (type == DType.BF16) {
      loops.addScaledRows(alpha, rows, x, xAt, xStride, y, yAt, yStride, n);
    } else {
      super.addScaledRows(type, alpha, rows, x, xAt, xStride, y, yAt, yStride, n, line);
    }
  }

  @Override
  public void scale(float alpha, MemorySegment x, long xAt, int n) {
    loops.scale(alpha, x, xAt, n);
  }

  @Override
  public double sumOfSquares(MemorySegment x, long xAt, int n) {
    return loops.sumOfSquares(x, xAt, n);
  }

  @Override
  public float max(MemorySegment x, long xAt, int n) {
    return loops.max(x, xAt, n);
  }

  @Override
  public float expAndSum(float shift, MemorySegment x, long xAt, int n) {
    return loops.expAndSum(shift, x, xAt, n);
  }

  @Override
  public CacheKernels cache() {
    return cache;
  }

  @Override
  public StateKernels state() {
    return state;
  }

  @Override
  public @Nullable AttentionKernels attention() {
    return attention;
  }

  @Override
  public @Nullable BFloat16Kernels bfloat16Loops() {
    return elements;
  }

  @Override
  public MatrixProduct matrixProduct(WorkerPool workers) {
    return new PanelProduct(this, f32, bfloat16, workers);
  }

  @Override
  public int tileRows() {
    return f32.shape().tileRows();
  }

  @Override
  public int tileColumns() {
    return f32.shape().tileColumns();
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
    f32.multiply(
        tileRows(),
        tileColumns(),
        k,
        true,
        a.address() + aAt,
        4L * tileRows(),
        b.address() + bAt,
        c.address() + cAt,
        4 * cStride,
        accumulate,
        0,
        0);
  }

  @Override
  public String toString() {
    return title;
  }
}
