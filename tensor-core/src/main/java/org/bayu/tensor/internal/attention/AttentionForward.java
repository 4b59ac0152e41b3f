package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.CpuDevice;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;
import org.bayu.tensor.internal.kernels.Kernels;

/**
 * The forward pass of attention in binary32: a task for each block of queries and head.
 *
 * <p>Lanes are queries. The exponentials are taken of scores less a shift, a number for each query
 * that the product itself subtracts: its own key's score, so that the sum is about 1 at least. Only
 * where a score exceeds the shift by more than {@value #LIMIT} is the shift raised and what was
 * summed scaled down. The sum of the exponentials is that of a feature of ones.
 *
 * <p>A tile of very few rows, as in generation, would leave most lanes empty: its rows go key by
 * key, and their sums stand beside the others'.
 */
public final class AttentionForward {
  /** e⁶⁰ ≈ 10²⁶: sums of a billion such numbers, times values, are far from binary32's limit. */
  private static final float LIMIT = 60;

  /** Up to so many rows of a tile, vectors along the features are faster than lanes of queries. */
  private static final int FEW_ROWS = 2;

  private final CpuDevice device;
  private final Kernels kernels;
  private final Tensor q;
  private final Tensor k;
  private final Tensor v;
  private final Tensor y;
  private final Tensor logSumExp;
  private final FloatInput queryRows;
  private final FloatInput keyRows;
  private final FloatInput valueRows;
  private final FloatOutput output;
  private final HeadPanels panels;
  private final AttentionTiles tiles;
  private final ScoreMask mask;
  private final int headDim;
  private final int group;
  private final float scale;
  private final int lanes;

  private AttentionForward(
      CpuDevice device,
      TileCache cache,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim,
      Tensor y,
      Tensor logSumExp) {
    this.device = device;
    this.kernels = device.kernels();
    this.q = q;
    this.k = k;
    this.v = v;
    this.y = y;
    this.logSumExp = logSumExp;
    this.queryRows = new FloatInput(device, q, headDim);
    this.keyRows = new FloatInput(device, k, headDim);
    this.valueRows = new FloatInput(device, v, headDim);
    this.output = new FloatOutput(device, y, headDim);
    this.panels = new HeadPanels(device, headDim);
    this.tiles = cache.tiles(segments, panels.block());
    this.headDim = headDim;
    this.group = q.columns() / k.columns();
    this.scale = scale(headDim);
    this.lanes = panels.tileLanes();
    this.mask = new ScoreMask(lanes);
  }

  /** 1/√headDim. */
  static float scale(int headDim) {
    return (float) (1 / Math.sqrt(headDim));
  }

  /**
   * Computes y [T, H·headDim] and logSumExp [H, T], F32: the logarithm, base e, of the sum of each
   * query's exponentials.
   */
  public static void run(
      CpuDevice device,
      TileCache cache,
      Tensor q,
      Tensor k,
      Tensor v,
      AttentionSegments segments,
      int headDim,
      Tensor y,
      Tensor logSumExp) {
    var heads = q.columns() / headDim;
    var forward = new AttentionForward(device, cache, q, k, v, segments, headDim, y, logSumExp);
    var blocks = forward.tiles.blocks();
    var ofWorker = new Block[device.workers().threads()];
    for (var i = 0; i < ofWorker.length; i++) {
      ofWorker[i] = forward.new Block(i);
    }
    // The last blocks see the most keys: they go first.
    device
        .workers()
        .run(
            blocks * heads,
            (index, worker) -> ofWorker[worker].run(blocks - 1 - index / heads, index % heads));
  }

  /** The block of queries of one head that a worker has under way. */
  private final class Block {
    private final int worker;
    private int head;
    private int first;
    private int rows;
    private MemorySegment queries = MemorySegment.NULL;
    private MemorySegment keys = MemorySegment.NULL;
    private MemorySegment values = MemorySegment.NULL;
    private MemorySegment scores = MemorySegment.NULL;
    private MemorySegment sums = MemorySegment.NULL;
    private MemorySegment rowSums = MemorySegment.NULL;
    private MemorySegment shifts = MemorySegment.NULL;
    private MemorySegment query = MemorySegment.NULL;
    private MemorySegment key = MemorySegment.NULL;
    private MemorySegment value = MemorySegment.NULL;

    Block(int worker) {
      this.worker = worker;
    }

    private void begin(int block, int head) {
      this.head = head;
      first = block * tiles.block();
      rows = tiles.rows(block);
      var workers = device.workers();
      var laneCount = HeadPanels.panels(rows, lanes) * lanes;
      queries = workers.scratch(worker, panels.byRowsBytes(rows, lanes));
      keys = workers.scratch(worker, panels.byRowsBytes(tiles.block(), panels.tileRows()));
      values = workers.scratch(worker, panels.byFeaturesBytes(tiles.block()));
      scores = workers.scratch(worker, 4L * (tiles.block() + panels.tileRows()) * lanes);
      sums = workers.scratch(worker, laneCount / lanes * panels.sumsBytes());
      rowSums = workers.scratch(worker, 4L * rows * (headDim + 1));
      shifts = workers.scratch(worker, 4L * laneCount);
      query = queryRows.memory(worker);
      key = keyRows.memory(worker);
      value = valueRows.memory(worker);
    }

    void run(int block, int head) {
      begin(block, head);
      shiftByOwnKeys();
      sums.fill((byte) 0);
      rowSums.fill((byte) 0);
      for (var tile : tiles.ofBlock(block)) {
        if (hasFewRows(tile)) {
          attendRows(tile);
        }
      }
      panels.packByRows(q, head, first, rows, scale, queries, lanes);
      panels.subtractInLastStep(queries, lanes, rows, shifts, 0);
      for (var tile : tiles.ofBlock(block)) {
        if (!hasFewRows(tile)) {
          attendPanels(tile);
        }
      }
      finish();
    }

    private static boolean hasFewRows(Tile tile) {
      return tile.rowTo() - tile.rowFrom() <= FEW_ROWS;
    }

    private long readQuery(int row) {
      return queryRows.read(query, (long) row * q.columns() + (long) head * headDim, headDim);
    }

    private long readKey(int row) {
      return keyRows.read(key, keyElement(row), headDim);
    }

    private long keyElement(int row) {
      return (long) row * k.columns() + (long) (head / group) * headDim;
    }

    private float score(long queryAt, long keyAt) {
      return scale * kernels.dot(query, queryAt, key, keyAt, headDim);
    }

    private float shift(int row) {
      return shifts.getAtIndex(JAVA_FLOAT, row);
    }

    private void shiftByOwnKeys() {
      for (var row = 0; row < rows; row++) {
        var score = score(readQuery(first + row), readKey(tiles.ownKey(first + row)));
        shifts.setAtIndex(JAVA_FLOAT, row, score);
      }
    }

    private void attendRows(Tile tile) {
      var keyStart = tiles.keyStart(tile.piece());
      for (var row = tile.rowFrom(); row < tile.rowTo(); row++) {
        var seen = tile.visible(row, tiles.keys(tile.piece()));
        var queryAt = readQuery(first + row);
        for (var i = 0; i < seen; i++) {
          var score = score(queryAt, readKey(keyStart + i));
          scores.setAtIndex(JAVA_FLOAT, i, score - shift(row));
        }
        var max = kernels.max(scores, 0, seen);
        var above = max > LIMIT ? max : 0;
        if (above > 0) {
          raiseShift(row, above);
        }
        var sum = kernels.expAndSum(above, scores, 0, seen);
        for (var i = 0; i < seen; i++) {
          var valueAt = valueRows.read(value, keyElement(keyStart + i), headDim);
          var weight = scores.getAtIndex(JAVA_FLOAT, i);
          kernels.addScaled(weight, value, valueAt, rowSums, rowSumsAt(row), headDim);
        }
        var sumAt = rowSumsAt(row) + 4L * headDim;
        rowSums.set(JAVA_FLOAT, sumAt, rowSums.get(JAVA_FLOAT, sumAt) + sum);
      }
    }

    /** The byte of a row's own sums: its features and the exponentials'. */
    private long rowSumsAt(int row) {
      return 4L * row * (headDim + 1);
    }

    /** Adds to a row's shift; returns what its sums so far were scaled with. */
    private float raiseShift(int row, float by) {
      var factor = (float) StrictMath.exp(-by);
      kernels.scale(factor, rowSums, rowSumsAt(row), headDim + 1);
      shifts.setAtIndex(JAVA_FLOAT, row, shift(row) + by);
      return factor;
    }

    private void attendPanels(Tile tile) {
      var n = tiles.keys(tile.piece());
      var keyStart = tiles.keyStart(tile.piece());
      panels.packByRows(k, head / group, keyStart, n, 1, keys, panels.tileRows());
      panels.onesInLastStep(keys, panels.tileRows(), n);
      panels.packByFeatures(v, head / group, keyStart, n, values);
      for (var lane = tile.rowFrom() / lanes * lanes; lane < tile.rowTo(); lane += lanes) {
        attendPanel(tile, n, lane);
      }
    }

    /** One panel of queries, from {@code lane} on, sees a piece of n keys. */
    private void attendPanel(Tile tile, int n, int lane) {
      var seen = tile.visible(Math.min(lane + lanes, tile.rowTo()) - 1, n);
      var panel = lane / lanes;
      var queriesAt = 4L * panel * panels.byRowsStride(lanes);
      var sumsAt = panel * panels.sumsBytes();
      // [keys, headDim + 1] × [headDim + 1, lanes] → [keys, lanes]
      panels.multiply(
          headDim + 1,
          keys,
          0,
          panels.byRowsStride(panels.tileRows()),
          0,
          HeadPanels.panels(seen, panels.tileRows()),
          queries,
          queriesAt,
          scores,
          0,
          false);
      mask.hideFromQueries(tile, lane, seen, scores);
      if (kernels.max(scores, 0, seen * lanes) > LIMIT) {
        raiseShifts(lane, seen, sumsAt);
      }
      kernels.expAndSum(0, scores, 0, seen * lanes);
      // [headDim + 1, keys] × [keys, lanes] → [headDim + 1, lanes]
      panels.multiply(
          seen,
          values,
          0,
          (long) n * panels.tileRows(),
          0,
          panels.featurePanels(),
          scores,
          0,
          sums,
          sumsAt,
          true);
    }

    /** Where a query's greatest score is beyond the limit, makes it the shift. */
    private void raiseShifts(int lane, int seen, long sumsAt) {
      for (var i = 0; i < Math.min(lanes, rows - lane); i++) {
        var max = Float.NEGATIVE_INFINITY;
        for (var key = 0; key < seen; key++) {
          max = Math.max(max, scores.getAtIndex(JAVA_FLOAT, (long) key * lanes + i));
        }
        if (!(max > LIMIT)) {
          continue;
        }
        for (var key = 0; key < seen; key++) {
          var at = (long) key * lanes + i;
          scores.setAtIndex(JAVA_FLOAT, at, scores.getAtIndex(JAVA_FLOAT, at) - max);
        }
        var factor = raiseShift(lane + i, max);
        for (var feature = 0; feature <= headDim; feature++) {
          var at = sumsAt + 4L * ((long) feature * lanes + i);
          sums.set(JAVA_FLOAT, at, factor * sums.get(JAVA_FLOAT, at));
        }
        panels.setLastStep(queries, lanes, lane + i, -shift(lane + i));
      }
    }

    private void finish() {
      var features = device.workers().scratch(worker, 4L * lanes * headDim);
      var out = output.memory(worker);
      for (var lane = 0; lane < rows; lane += lanes) {
        var sumsAt = lane / lanes * panels.sumsBytes();
        var count = Math.min(lanes, rows - lane);
        panels.toRows(sums, sumsAt, count, features);
        for (var i = 0; i < count; i++) {
          var row = first + lane + i;
          var at = 4L * i * headDim;
          kernels.add(features, at, rowSums, rowSumsAt(lane + i), features, at, headDim);
          var sum =
              panels.sum(sums, sumsAt, headDim, i)
                  + rowSums.get(JAVA_FLOAT, rowSumsAt(lane + i) + 4L * headDim);
          kernels.scale(1 / sum, features, at, headDim);
          var element = (long) row * y.columns() + (long) head * headDim;
          output.store(out, element, headDim, features, at);
          var log = shift(lane + i) + (float) StrictMath.log(sum);
          logSumExp.data().set(JAVA_FLOAT_UNALIGNED, 4 * ((long) head * q.rows() + row), log);
        }
      }
    }
  }
}
