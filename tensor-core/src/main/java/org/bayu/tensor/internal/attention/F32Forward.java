package org.bayu.tensor.internal.attention;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.internal.attention.AttentionTiles.Tile;
import org.bayu.tensor.internal.elements.FloatInput;
import org.bayu.tensor.internal.elements.FloatOutput;

/**
 * The forward pass in binary32 of the blocks of queries that one worker gets, one after another.
 *
 * <p>Lanes are queries. The exponentials are taken of scores and a shift, a number for each query
 * that the product itself adds: at first minus its own key's score, so that the sum is about 1 at
 * least. Only where a score with its shift exceeds {@value #LIMIT} is the shift made lower and what
 * was summed scaled down. The sum of the exponentials is that of a feature of ones.
 *
 * <p>A tile of very few rows, as in generation, would leave most lanes empty: its rows go key by
 * key, and their sums stand beside the others'.
 */
final class F32Forward extends F32Task {
  /** e⁶⁰ ≈ 10²⁶: sums of a billion such numbers, times values, are far from binary32's limit. */
  private static final float LIMIT = 60;

  /** Up to so many rows of a tile, vectors along the features are faster than lanes of queries. */
  private static final int FEW_ROWS = 2;

  private final Tensor y;
  private final Tensor logSumExp;
  private final FloatInput queryRows;
  private final FloatInput keyRows;
  private final FloatInput valueRows;
  private final FloatOutput output;
  private int head;
  private int kvHead;
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

  F32Forward(AttentionCall call, HeadPanels panels, int worker, Tensor y, Tensor logSumExp) {
    super(call, panels, worker);
    this.y = y;
    this.logSumExp = logSumExp;
    queryRows = new FloatInput(call.device(), call.q(), headDim);
    keyRows = new FloatInput(call.device(), call.k(), headDim);
    valueRows = new FloatInput(call.device(), call.v(), headDim);
    output = new FloatOutput(call.device(), y, headDim);
  }

  private void begin(int block, int head) {
    this.head = head;
    kvHead = head / call.group();
    first = block * tiles.block();
    rows = tiles.rows(block);
    queries = scratch(panels.byRowsBytes(rows, lanes));
    keys = scratch(panels.byRowsBytes(tiles.block(), tileRows));
    values = scratch(panels.byFeaturesBytes(tiles.block()));
    scores = scoresScratch();
    sums = sumsScratch(rows);
    rowSums = scratch(4L * rows * (headDim + 1));
    shifts = scratch(4L * rows);
    query = queryRows.memory(worker);
    key = keyRows.memory(worker);
    value = valueRows.memory(worker);
  }

  @Override
  public void run(int block, int head) {
    begin(block, head);
    shiftByOwnKeys();
    sums.fill((byte) 0);
    rowSums.fill((byte) 0);
    for (var tile : tiles.ofBlock(block)) {
      if (hasFewRows(tile)) {
        attendRows(tile);
      }
    }
    panels.packWithNumbers(call.q(), head, first, rows, scale, queries, lanes, shifts, 0, 4);
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
    return queryRows.read(query, call.queryElement(row, head), headDim);
  }

  private long readKey(int row) {
    return keyRows.read(key, call.keyElement(row, kvHead), headDim);
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
      shifts.setAtIndex(JAVA_FLOAT, row, -score);
    }
  }

  private void attendRows(Tile tile) {
    var keyStart = tiles.keyStart(tile.piece());
    for (var row = tile.rowFrom(); row < tile.rowTo(); row++) {
      var seen = tile.visible(row, tiles.keys(tile.piece()));
      var queryAt = readQuery(first + row);
      for (var i = 0; i < seen; i++) {
        var score = score(queryAt, readKey(keyStart + i));
        scores.setAtIndex(JAVA_FLOAT, i, score + shift(row));
      }
      var max = kernels.max(scores, 0, seen);
      var above = max > LIMIT ? max : 0;
      if (above > 0) {
        lowerShift(row, above);
      }
      var sum = kernels.expAndSum(above, scores, 0, seen);
      for (var i = 0; i < seen; i++) {
        var valueAt = valueRows.read(value, call.keyElement(keyStart + i, kvHead), headDim);
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

  /** Lowers a row's shift; returns what its sums so far were scaled with. */
  private float lowerShift(int row, float by) {
    var factor = (float) StrictMath.exp(-by);
    kernels.scale(factor, rowSums, rowSumsAt(row), headDim + 1);
    shifts.setAtIndex(JAVA_FLOAT, row, shift(row) - by);
    return factor;
  }

  private void attendPanels(Tile tile) {
    var n = tiles.keys(tile.piece());
    var keyStart = tiles.keyStart(tile.piece());
    panels.packWithOnes(call.k(), kvHead, keyStart, n, keys, tileRows);
    panels.packByFeatures(call.v(), kvHead, keyStart, n, values);
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
        panels.byRowsStride(tileRows),
        HeadPanels.panels(seen, tileRows),
        queries,
        queriesAt,
        scores,
        0,
        false);
    mask.hideFromQueries(tile, lane, seen, scores);
    if (kernels.max(scores, 0, seen * lanes) > LIMIT) {
      lowerShifts(lane, seen, sumsAt);
    }
    kernels.expAndSum(0, scores, 0, seen * lanes);
    // [headDim + 1, keys] × [keys, lanes] → [headDim + 1, lanes]
    panels.multiply(
        seen,
        values,
        0,
        (long) n * tileRows,
        panels.featurePanels(),
        scores,
        0,
        sums,
        sumsAt,
        true);
  }

  /** Where a query's greatest score is beyond the limit, lowers the shift by it. */
  private void lowerShifts(int lane, int seen, long sumsAt) {
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
      var factor = lowerShift(lane + i, max);
      for (var feature = 0; feature <= headDim; feature++) {
        var at = sumsAt + 4L * ((long) feature * lanes + i);
        sums.set(JAVA_FLOAT, at, factor * sums.get(JAVA_FLOAT, at));
      }
      panels.setLastStep(queries, lanes, lane + i, shift(lane + i));
    }
  }

  private void finish() {
    var features = scratch(4L * lanes * headDim);
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
        output.store(out, call.queryElement(row, head), headDim, features, at);
        var log = (float) StrictMath.log(sum) - shift(lane + i);
        logSumExp.data().set(JAVA_FLOAT_UNALIGNED, 4 * ((long) head * y.rows() + row), log);
      }
    }
  }
}
