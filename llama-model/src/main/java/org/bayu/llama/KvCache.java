package org.bayu.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.bayu.tensor.DType;
import org.bayu.tensor.LargeArena;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;

/**
 * The keys and values of tokens already computed, for every layer: matrices [rows, kvHeads ·
 * headDim].
 *
 * <p>The caller decides which row holds which token. A row is written once and then read by any
 * number of sequences. The cache owns its memory until {@link #close}.
 */
public final class KvCache implements AutoCloseable {
  private final Arena arena = LargeArena.ofShared();
  private final List<Tensor> keys = new ArrayList<>();
  private final List<Tensor> values = new ArrayList<>();

  /** A cache of {@code rows} tokens; {@code dtype} is the compute type. */
  public KvCache(LlamaConfig config, DType dtype, int rows) {
    var shape = Shape.of(rows, (long) config.kvHeads() * config.headDim());
    try {
      for (var layer = 0; layer < config.layers(); layer++) {
        keys.add(Tensor.allocate(arena, dtype, shape));
        values.add(Tensor.allocate(arena, dtype, shape));
      }
    } catch (Throwable e) { // no memory is left: give back what there was
      arena.close();
      throw e;
    }
  }

  /** Bytes of keys and values of {@code rows} tokens, all layers. */
  public static long bytes(LlamaConfig config, DType dtype, int rows) {
    return 2L * config.layers() * rows * config.kvHeads() * config.headDim() * dtype.bytes();
  }

  Tensor keys(int layer) {
    return keys.get(layer);
  }

  Tensor values(int layer) {
    return values.get(layer);
  }

  /** Puts row i of {@code k} and {@code v} into row {@code rows[i]}. */
  void write(int layer, int[] rows, Tensor k, Tensor v) {
    scatter(k, rows, keys.get(layer));
    scatter(v, rows, values.get(layer));
  }

  private static void scatter(Tensor source, int[] rows, Tensor target) {
    var bytes = (long) source.columns() * source.dtype().bytes();
    for (var i = 0; i < rows.length; i++) {
      MemorySegment.copy(source.data(), i * bytes, target.data(), rows[i] * bytes, bytes);
    }
  }

  /** Frees the memory. */
  @Override
  public void close() {
    arena.close();
  }
}
