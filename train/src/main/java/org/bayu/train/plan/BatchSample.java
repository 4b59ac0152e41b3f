package org.bayu.train.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bayu.train.DataOrder;
import org.bayu.train.MicroBatches;
import org.bayu.train.MicroBatches.MicroBatch;
import org.bayu.train.TokenizedData;
import org.bayu.train.TokenizedExample;
import org.bayu.train.TrainSettings;

/**
 * Batches of a run, looked at before it begins: all of them, or the first ones of some millions of
 * tokens.
 */
final class BatchSample {
  private static final long MAX_TOKENS = 4 << 20;

  /** By how much a micro-batch that was not seen may be larger than all that were. */
  private static final double UNSEEN = 1.1;

  private final List<List<TokenizedExample>> batches = new ArrayList<>();
  private final TokenizedExample longest;
  private final boolean whole;

  private BatchSample(TokenizedExample longest, List<List<TokenizedExample>> some, boolean whole) {
    this.longest = longest;
    this.batches.addAll(some);
    this.whole = whole;
  }

  /**
   * What cutting the batches gave, on average over those that were looked at.
   *
   * @param tokens of the examples as they are
   * @param distinct tokens that are computed
   * @param mostMicroBatches of the batch that has the most
   * @param largest micro-batches of which one needs the most memory: no other one has as many
   *     tokens, targets and rows of the last block
   * @param margin factor of the largest one's memory for those that were not seen
   */
  record Cut(
      int batches,
      double examples,
      double tokens,
      double distinct,
      double microBatches,
      int mostMicroBatches,
      List<MicroBatch> largest,
      double margin) {}

  /** The batches of the training steps; where not all are looked at, the largest ones first. */
  static BatchSample ofTraining(TokenizedData data, TrainSettings settings) {
    var sizes = settings.batchSizes();
    var order = new DataOrder(data.size(), settings.seed());
    List<List<TokenizedExample>> some = new ArrayList<>();
    var tokens = 0L;
    for (var span : sizes.largestFirst(settings.steps())) {
      for (var step = span.start(); step < span.end() && tokens < MAX_TOKENS; step++) {
        var rows = order.rows(sizes.rowsBefore(step), span.size());
        var batch = rows.intStream().mapToObj(data::get).toList();
        some.add(batch);
        tokens += tokens(batch);
      }
    }
    return new BatchSample(longest(data), some, some.size() == settings.steps());
  }

  /** The rows of an evaluation, which are cut as one batch. */
  static BatchSample ofEvaluation(TokenizedData data) {
    List<TokenizedExample> batch = new ArrayList<>();
    var tokens = 0L;
    while (batch.size() < data.size() && tokens < MAX_TOKENS) {
      var example = data.get(batch.size());
      batch.add(example);
      tokens += example.tokens().size();
    }
    return new BatchSample(longest(data), List.of(batch), batch.size() == data.size());
  }

  private static TokenizedExample longest(TokenizedData data) {
    return data.stream()
        .max(Comparator.comparingInt(example -> example.tokens().size()))
        .orElseThrow();
  }

  private static long tokens(List<TokenizedExample> batch) {
    return batch.stream().mapToLong(example -> example.tokens().size()).sum();
  }

  /** Tokens of the longest row of all. */
  int longestTokens() {
    return longest.tokens().size();
  }

  /** Cuts every batch. */
  Cut cut(MicroBatches microBatches) {
    var examples = 0L;
    var tokens = 0L;
    var distinct = 0L;
    var count = 0L;
    var most = 0;
    List<MicroBatch> largest = new ArrayList<>();
    for (var batch : batches) {
      var cut = microBatches.cut(batch);
      examples += batch.size();
      tokens += tokens(batch);
      distinct += cut.stream().mapToLong(each -> each.tree().rows()).sum();
      count += cut.size();
      most = Math.max(most, cut.size());
      largest.addAll(cut);
      largest = greatest(largest);
    }
    var seen = largest.stream().mapToInt(each -> each.tree().rows()).max().orElse(0);
    var margin = 1.0;
    if (!whole && seen > 0) {
      largest.addAll(microBatches.cut(List.of(longest)));
      largest = greatest(largest);
      margin = Math.max(1, Math.min(UNSEEN, (double) microBatches.maxTokens() / seen));
    }
    double n = batches.size();
    return new Cut(
        batches.size(), examples / n, tokens / n, distinct / n, count / n, most, largest, margin);
  }

  /**
   * Leaves out those that another one equals or exceeds in all that memory depends on: tokens,
   * targets, and rows that the last block computes.
   */
  private static List<MicroBatch> greatest(List<MicroBatch> of) {
    var sorted =
        of.stream()
            .map(Sized::of)
            .sorted(
                Comparator.comparingInt(Sized::tokens).thenComparingInt(Sized::targets).reversed())
            .toList();
    List<Sized> greatest = new ArrayList<>();
    for (var each : sorted) {
      if (greatest.stream().noneMatch(each::isWithin)) {
        greatest.add(each);
      }
    }
    return new ArrayList<>(greatest.stream().map(Sized::batch).toList());
  }

  /** A micro-batch with what its memory depends on. */
  private record Sized(MicroBatch batch, int tokens, int targets, int needed) {
    static Sized of(MicroBatch batch) {
      var needed = batch.neededRows().length;
      return new Sized(batch, batch.tree().rows(), batch.targets().size(), needed);
    }

    /** Whether {@code other}, which has no fewer tokens, needs no less memory. */
    boolean isWithin(Sized other) {
      return other.targets >= targets && other.needed >= needed;
    }
  }
}
