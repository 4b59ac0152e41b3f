package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.bayu.tensor.internal.kernels.AttentionKernels;
import org.jspecify.annotations.Nullable;

/**
 * One call of causal attention, forward and backward, in tiles: a block of queries with a piece of
 * the keys.
 *
 * <p>With the scores s[i,j] = scale·q[i]·k[j] of the keys j that query i sees, for each head: y[i]
 * = Σⱼ exp(s[i,j] − logSumExp[i])·v[j], where logSumExp[i] = log Σⱼ exp(s[i,j]).
 *
 * <p>Backward, with the probabilities p[i,j] = exp(s[i,j] − logSumExp[i]) computed again and
 * delta[i] = dy[i]·y[i]: ds = p·(dy[i]·v[j] − delta[i]), dq[i] = scale·Σⱼ ds·k[j], dk[j] = scale·Σᵢ
 * ds·q[i], dv[j] = Σᵢ p·dy[i].
 *
 * <p>This class chooses the arithmetic, and does what is the same in both: delta, and the gradients
 * of keys that no query sees. Dao et al. 2022, "FlashAttention".
 */
public final class AttentionEngine {
  /** What is computed in tiles; null if all queries are single tokens. */
  private final @Nullable Tiled tiled;

  private final @Nullable CacheAttention single;

  private record Tiled(AttentionCall call, AttentionArithmetic arithmetic) {}

  private AttentionEngine(@Nullable Tiled tiled, @Nullable CacheAttention single) {
    this.tiled = tiled;
    this.single = single;
  }

  /**
   * A call of q [T, H·headDim] on k and v [S, KV·headDim]: on the device's kernels for bf16 if it
   * has them and the operands fit, else in binary32. Without a backward pass, {@link
   * CacheAttention} computes single tokens that continue sequences, and tiles the others.
   *
   * @param records whether there will be a backward pass
   */
  public static AttentionEngine of(
      CpuDevice device,
      TileCache cache,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim,
      boolean records) {
    var tiled = segments.segments();
    CacheAttention single = null;
    if (!records) {
      var reads = cache.reads(segments);
      if (reads.queries().length > 0) {
        tiled = reads.others();
        single = new CacheAttention(device, reads, q, k, v, headDim);
        if (tiled.isEmpty()) {
          return new AttentionEngine(null, single);
        }
      }
    }
    var kernels = device.kernels().attention();
    if (kernels != null && BFloat16Attention.fits(q, k, v, headDim)) {
      var tiles = cache.tiles(segments, tiled, AttentionKernels.BLOCK);
      var call = new AttentionCall(device, q, k, v, tiles, headDim);
      return new AttentionEngine(new Tiled(call, new BFloat16Attention(call, kernels)), single);
    }
    var panels = new HeadPanels(device, headDim);
    var tiles = cache.tiles(segments, tiled, panels.block());
    var call = new AttentionCall(device, q, k, v, tiles, headDim);
    return new AttentionEngine(new Tiled(call, new F32Attention(call, panels)), single);
  }

  /**
   * Computes y [T, H·headDim], of q's type, and logSumExp [H, T], F32: its base is e in binary32
   * and 2 on the kernels for bf16, which compute powers of 2. Where there is no backward pass,
   * logSumExp may be left as it is.
   */
  public void forward(Tensor y, Tensor logSumExp) {
    if (tiled != null && tiled.call.tiles().pieces() > 0) {
      tiled.arithmetic.forward(y, logSumExp);
    }
    if (single != null) { // after the tiles, which overwrite the rows of their blocks
      single.forward(y);
    }
  }

  /**
   * Whether dq is stored before dk and dv, or after both. Where one variable is two of q, k and v,
   * the gradient that is stored first overwrites, and the others are added to it.
   */
  public boolean storesQueriesFirst() {
    return recorded().arithmetic.storesQueriesFirst();
  }

  /** What has a backward pass: all of it is in tiles. */
  private Tiled recorded() {
    return Objects.requireNonNull(tiled, "a pass that was not recorded");
  }

  /** Brings the gradients to those that are wanted, given what {@link #forward} computed. */
  public void backward(
      Tensor y,
      Tensor logSumExp,
      Tensor dy,
      @Nullable GradientTarget dq,
      @Nullable GradientTarget dk,
      @Nullable GradientTarget dv) {
    var call = recorded().call;
    var dks = new HeadGradient(call, dk);
    var dvs = new HeadGradient(call, dv);
    // Keys behind the last piece have no gradient.
    var end = call.tiles().keyStart(call.tiles().pieces());
    dks.zeroFrom(end);
    dvs.zeroFrom(end);
    call.device()
        .workers()
        .withScratch(
            call.heads() * call.termsBytes(),
            terms -> {
              computeTerms(call, y, logSumExp, dy, terms);
              recorded().arithmetic.backward(dy, terms, new HeadGradient(call, dq), dks, dvs);
            });
  }

  /** For each head and row −logSumExp and −delta. */
  private static void computeTerms(
      AttentionCall call, Tensor y, Tensor logSumExp, Tensor dy, MemorySegment terms) {
    var kernels = call.device().kernels();
    var headDim = call.headDim();
    var columns = dy.columns();
    var ys = new FloatInput(call.device(), y, columns);
    var dys = new FloatInput(call.device(), dy, columns);
    Split.rows(
        call.device(),
        dy.rows(),
        columns,
        (from, to, worker) -> {
          var yData = ys.memory(worker);
          var dyData = dys.memory(worker);
          for (var row = from; row < to; row++) {
            var yAt = ys.read(yData, (long) row * columns, columns);
            var dyAt = dys.read(dyData, (long) row * columns, columns);
            for (var head = 0; head < call.heads(); head++) {
              var at = 4L * head * headDim;
              var delta = kernels.dot(yData, yAt + at, dyData, dyAt + at, headDim);
              var logAt = 4 * ((long) head * dy.rows() + row);
              var termAt = call.termAt(head, row);
              terms.set(JAVA_FLOAT, termAt, -logSumExp.data().get(JAVA_FLOAT_UNALIGNED, logAt));
              terms.set(JAVA_FLOAT, termAt + 4, -delta);
            }
          }
        });
  }
}
