package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.elements.GradientTarget;
import org.bayu.tensor.internal.elements.Split;
import org.bayu.tensor.internal.kernels.Kernels;
import org.jspecify.annotations.Nullable;

/**
 * The backward pass of attention in binary32. With probabilities p[i,j] = exp(s[i,j] −
 * logSumExp[i]) and D[i] = dy[i]·y[i]: ds = p · (dy[i]·v[j] − D[i]), dq[i] = scale·Σⱼ ds·k[j],
 * dk[j] = scale·Σᵢ ds·q[i], dv[j] = Σᵢ p·dy[i].
 *
 * <p>dq has a task for each block of queries and head, whose lanes are queries; dk and dv one for
 * each piece of keys and key-value head, whose lanes are keys and which goes through the heads and
 * blocks that see it in a fixed order. Both subtractions are the products' own last step.
 */
public final class AttentionBackward {
  private final CpuDevice device;
  private final Kernels kernels;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;
  private final Tensor logSumExp;
  private final HeadPanels panels;
  private final AttentionTiles tiles;
  private final ScoreMask mask;
  private final int headDim;
  private final int heads;
  private final int group;
  private final float scale;
  private final int lanes;
  private final int tileRows;

  /** A pass with what the forward pass had and computed. */
  public AttentionBackward(
      CpuDevice device,
      TileCache cache,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim,
      Tensor logSumExp) {
    this.device = device;
    this.kernels = device.kernels();
    this.q = q;
    this.k = k;
    this.v = v;
    this.logSumExp = logSumExp;
    this.panels = new HeadPanels(device, headDim);
    this.tiles = cache.tiles(segments, panels.block());
    this.headDim = headDim;
    this.heads = q.columns() / headDim;
    this.group = q.columns() / k.columns();
    this.scale = AttentionForward.scale(headDim);
    this.lanes = panels.tileLanes();
    this.tileRows = panels.tileRows();
    this.mask = new ScoreMask(lanes);
  }

  /**
   * Adds to the gradients that are wanted.
   *
   * @param products F32 [heads, T], of undefined contents: becomes dy·y
   */
  public void run(
      Tensor y,
      Tensor dy,
      Tensor products,
      @Nullable GradientTarget dq,
      @Nullable GradientTarget dk,
      @Nullable GradientTarget dv) {
    multiplyRows(y, dy, products);
    if (dq != null) {
      var blocks = tiles.blocks();
      var ofWorker = new Queries[device.workers().threads()];
      for (var i = 0; i < ofWorker.length; i++) {
        ofWorker[i] = new Queries(i, dy, products, dq);
      }
      // The last blocks see the most keys: they go first.
      device
          .workers()
          .run(
              blocks * heads,
              (index, worker) -> ofWorker[worker].run(blocks - 1 - index / heads, index % heads));
    }
    if (dk != null || dv != null) {
      var kvHeads = heads / group;
      var ofWorker = new Keys[device.workers().threads()];
      for (var i = 0; i < ofWorker.length; i++) {
        ofWorker[i] = new Keys(i, dy, products, dk, dv);
      }
      device
          .workers()
          .run(
              tiles.pieces() * kvHeads,
              (index, worker) -> ofWorker[worker].run(index / kvHeads, index % kvHeads));
      zeroUnseen(dk);
      zeroUnseen(dv);
    }
  }

  /** D[head, row] = dy·y. */
  private void multiplyRows(Tensor y, Tensor dy, Tensor products) {
    var columns = q.columns();
    var ys = new FloatInput(device, y, columns);
    var dys = new FloatInput(device, dy, columns);
    Split.rows(
        device,
        q.rows(),
        columns,
        (from, to, worker) -> {
          var yData = ys.memory(worker);
          var dyData = dys.memory(worker);
          for (var row = from; row < to; row++) {
            var yAt = ys.read(yData, (long) row * columns, columns);
            var dyAt = dys.read(dyData, (long) row * columns, columns);
            for (var head = 0; head < heads; head++) {
              var at = 4L * head * headDim;
              var product = kernels.dot(yData, yAt + at, dyData, dyAt + at, headDim);
              products.data().set(JAVA_FLOAT_UNALIGNED, numberAt(head, row), product);
            }
          }
        });
  }

  /** The byte of a number for each head and row. */
  private long numberAt(int head, int row) {
    return 4 * ((long) head * q.rows() + row);
  }

  /** Keys behind the last piece have no gradient. */
  private void zeroUnseen(@Nullable GradientTarget target) {
    if (target != null && !target.accumulate()) {
      target.tensor().slice(tiles.keyStart(tiles.pieces()), k.rows()).zero();
    }
  }

  private MemorySegment scratch(int worker, long bytes) {
    return device.workers().scratch(worker, bytes);
  }

  /** dq of the block of queries of one head that a worker has under way. */
  private final class Queries {
    private final int worker;
    private final Tensor dy;
    private final Tensor products;
    private final GradientTarget dq;
    private final FloatOutput out;
    private int first;
    private int rows;
    private MemorySegment queries = MemorySegment.NULL;
    private MemorySegment gradients = MemorySegment.NULL;
    private MemorySegment keys = MemorySegment.NULL;
    private MemorySegment values = MemorySegment.NULL;
    private MemorySegment features = MemorySegment.NULL;
    private MemorySegment scores = MemorySegment.NULL;
    private MemorySegment scoreGradients = MemorySegment.NULL;
    private MemorySegment sums = MemorySegment.NULL;

    Queries(int worker, Tensor dy, Tensor products, GradientTarget dq) {
      this.worker = worker;
      this.dy = dy;
      this.products = products;
      this.dq = dq;
      this.out = new FloatOutput(device, dq, headDim);
    }

    private void begin(int block) {
      first = block * tiles.block();
      rows = tiles.rows(block);
      queries = scratch(worker, panels.byRowsBytes(rows, lanes));
      gradients = scratch(worker, panels.byRowsBytes(rows, lanes));
      keys = scratch(worker, panels.byRowsBytes(tiles.block(), tileRows));
      values = scratch(worker, panels.byRowsBytes(tiles.block(), tileRows));
      features = scratch(worker, panels.byFeaturesBytes(tiles.block()));
      scores = scratch(worker, 4L * (tiles.block() + tileRows) * lanes);
      scoreGradients = scratch(worker, 4L * (tiles.block() + tileRows) * lanes);
      sums = scratch(worker, HeadPanels.panels(rows, lanes) * panels.sumsBytes());
    }

    void run(int block, int head) {
      begin(block);
      var at = numberAt(head, first);
      panels.packByRows(q, head, first, rows, scale, queries, lanes);
      panels.subtractInLastStep(queries, lanes, rows, logSumExp.data(), at);
      panels.packByRows(dy, head, first, rows, 1, gradients, lanes);
      panels.subtractInLastStep(gradients, lanes, rows, products.data(), at);
      sums.fill((byte) 0);
      for (var tile : tiles.ofBlock(block)) {
        var n = tiles.keys(tile.piece());
        var keyStart = tiles.keyStart(tile.piece());
        panels.packByRows(k, head / group, keyStart, n, 1, keys, tileRows);
        panels.onesInLastStep(keys, tileRows, n);
        panels.packByRows(v, head / group, keyStart, n, 1, values, tileRows);
        panels.onesInLastStep(values, tileRows, n);
        panels.packByFeatures(k, head / group, keyStart, n, features);
        for (var lane = tile.rowFrom() / lanes * lanes; lane < tile.rowTo(); lane += lanes) {
          addPanel(tile, n, lane);
        }
      }
      storeRows(sums, rows, worker, dq, out, first, head, scale);
    }

    private void addPanel(Tile tile, int n, int lane) {
      var seen = tile.visible(Math.min(lane + lanes, tile.rowTo()) - 1, n);
      var panel = lane / lanes;
      var at = 4L * panel * panels.byRowsStride(lanes);
      var keyPanels = HeadPanels.panels(seen, tileRows);
      var stride = panels.byRowsStride(tileRows);
      // [keys, headDim + 1] × [headDim + 1, lanes] → [keys, lanes]
      panels.multiply(headDim + 1, keys, 0, stride, 0, keyPanels, queries, at, scores, 0, false);
      panels.multiply(
          headDim + 1, values, 0, stride, 0, keyPanels, gradients, at, scoreGradients, 0, false);
      mask.hideFromQueries(tile, lane, seen, scores);
      toGradients(scores, scoreGradients, seen);
      // [headDim, keys] × [keys, lanes] → [headDim, lanes]
      panels.multiply(
          seen,
          features,
          0,
          (long) n * tileRows,
          0,
          HeadPanels.panels(headDim, tileRows),
          scoreGradients,
          0,
          sums,
          panel * panels.sumsBytes(),
          true);
    }
  }

  /** Scores become probabilities, and their products with the other side the scores' gradients. */
  private void toGradients(MemorySegment scores, MemorySegment products, int rows) {
    var n = rows * lanes;
    kernels.expAndSum(0, scores, 0, n);
    kernels.multiply(scores, 0, products, 0, products, 0, n);
  }

  /** Adds sums of features, a panel after another, to rows of a head of a gradient. */
  private void storeRows(
      MemorySegment sums,
      int rows,
      int worker,
      @Nullable GradientTarget target,
      FloatOutput out,
      int first,
      int head,
      float scale) {
    if (target == null) {
      return;
    }
    var columns = target.tensor().columns();
    var features = scratch(worker, 4L * lanes * headDim);
    var memory = out.memory(worker);
    for (var lane = 0; lane < rows; lane += lanes) {
      var count = Math.min(lanes, rows - lane);
      panels.toRows(sums, lane / lanes * panels.sumsBytes(), count, features);
      if (scale != 1) {
        kernels.scale(scale, features, 0, count * headDim);
      }
      for (var i = 0; i < count; i++) {
        var element = (long) (first + lane + i) * columns + (long) head * headDim;
        out.store(memory, element, headDim, features, 4L * i * headDim);
      }
    }
  }

  /** dk and dv of the piece of one key-value head that a worker has under way. */
  private final class Keys {
    private final int worker;
    private final Tensor dy;
    private final Tensor products;
    private final @Nullable GradientTarget dk;
    private final @Nullable GradientTarget dv;
    private final FloatOutput dkOut;
    private final FloatOutput dvOut;
    private int n;
    private MemorySegment keys = MemorySegment.NULL;
    private MemorySegment values = MemorySegment.NULL;
    private MemorySegment queries = MemorySegment.NULL;
    private MemorySegment gradients = MemorySegment.NULL;
    private MemorySegment queryFeatures = MemorySegment.NULL;
    private MemorySegment gradientFeatures = MemorySegment.NULL;
    private MemorySegment scores = MemorySegment.NULL;
    private MemorySegment scoreGradients = MemorySegment.NULL;
    private MemorySegment keySums = MemorySegment.NULL;
    private MemorySegment valueSums = MemorySegment.NULL;

    Keys(
        int worker,
        Tensor dy,
        Tensor products,
        @Nullable GradientTarget dk,
        @Nullable GradientTarget dv) {
      this.worker = worker;
      this.dy = dy;
      this.products = products;
      this.dk = dk;
      this.dv = dv;
      this.dkOut = new FloatOutput(device, dk, headDim);
      this.dvOut = new FloatOutput(device, dv, headDim);
    }

    private void begin(int piece) {
      n = tiles.keys(piece);
      var block = tiles.block();
      keys = scratch(worker, panels.byRowsBytes(n, lanes));
      values = scratch(worker, panels.byRowsBytes(n, lanes));
      queries = scratch(worker, panels.byRowsBytes(block, tileRows));
      gradients = scratch(worker, panels.byRowsBytes(block, tileRows));
      queryFeatures = scratch(worker, panels.byFeaturesBytes(block));
      gradientFeatures = scratch(worker, panels.byFeaturesBytes(block));
      scores = scratch(worker, 4L * (block + tileRows) * lanes);
      scoreGradients = scratch(worker, 4L * (block + tileRows) * lanes);
      keySums = scratch(worker, HeadPanels.panels(n, lanes) * panels.sumsBytes());
      valueSums = scratch(worker, HeadPanels.panels(n, lanes) * panels.sumsBytes());
    }

    void run(int piece, int kvHead) {
      begin(piece);
      var keyStart = tiles.keyStart(piece);
      panels.packByRows(k, kvHead, keyStart, n, 1, keys, lanes);
      panels.onesInLastStep(keys, lanes, n);
      panels.packByRows(v, kvHead, keyStart, n, 1, values, lanes);
      panels.onesInLastStep(values, lanes, n);
      keySums.fill((byte) 0);
      valueSums.fill((byte) 0);
      for (var tile : tiles.ofPiece(piece)) {
        for (var head = kvHead * group; head < (kvHead + 1) * group; head++) {
          addTile(tile, head);
        }
      }
      storeRows(keySums, n, worker, dk, dkOut, keyStart, kvHead, scale);
      storeRows(valueSums, n, worker, dv, dvOut, keyStart, kvHead, 1);
    }

    private void addTile(Tile tile, int head) {
      var first = tile.block() * tiles.block() + tile.rowFrom();
      var rows = tile.rowTo() - tile.rowFrom();
      var at = numberAt(head, first);
      panels.packByRows(q, head, first, rows, scale, queries, tileRows);
      panels.subtractInLastStep(queries, tileRows, rows, logSumExp.data(), at);
      panels.packByRows(dy, head, first, rows, 1, gradients, tileRows);
      panels.subtractInLastStep(gradients, tileRows, rows, products.data(), at);
      panels.packByFeatures(q, head, first, rows, queryFeatures);
      panels.packByFeatures(dy, head, first, rows, gradientFeatures);
      for (var key = 0; key < n; key += lanes) {
        addPanel(tile, rows, key);
      }
    }

    /** One panel of keys, from {@code key} on, seen by the tile's rows. */
    private void addPanel(Tile tile, int rows, int key) {
      // Rows before the first that sees a key are left out, panel by panel.
      var from = (tile.firstRow(key) - tile.rowFrom()) / tileRows;
      var skipped = from * tileRows;
      var seeing = rows - skipped;
      if (seeing <= 0) {
        return;
      }
      var to = HeadPanels.panels(rows, tileRows);
      var at = 4L * (key / lanes) * panels.byRowsStride(lanes);
      var stride = panels.byRowsStride(tileRows);
      // [rows, headDim + 1] × [headDim + 1, lanes] → [rows, lanes]
      panels.multiply(
          headDim + 1,
          queries,
          4L * from * stride,
          stride,
          0,
          to - from,
          keys,
          at,
          scores,
          0,
          false);
      panels.multiply(
          headDim + 1,
          gradients,
          4L * from * stride,
          stride,
          0,
          to - from,
          values,
          at,
          scoreGradients,
          0,
          false);
      mask.hideKeys(tile, tile.rowFrom() + skipped, seeing, key, n, scores);
      toGradients(scores, scoreGradients, seeing);
      // [headDim, rows] × [rows, lanes] → [headDim, lanes]
      addFeatures(gradientFeatures, rows, skipped, scores, valueSums, key);
      addFeatures(queryFeatures, rows, skipped, scoreGradients, keySums, key);
    }

    private void addFeatures(
        MemorySegment features,
        int rows,
        int skipped,
        MemorySegment factors,
        MemorySegment sums,
        int key) {
      panels.multiply(
          rows - skipped,
          features,
          4L * skipped * tileRows,
          (long) rows * tileRows,
          0,
          HeadPanels.panels(headDim, tileRows),
          factors,
          0,
          sums,
          key / lanes * panels.sumsBytes(),
          true);
    }
  }
}
