package org.bayu.train;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.bayu.llama.NeededRows;
import org.bayu.llama.TokenTree;
import org.bayu.tensor.Targets;
import org.bayu.tensor.autograd.Dropout;

/**
 * Cuts a batch into micro-batches that fit in memory. Each is a {@link TokenTree} with the
 * positions that have loss.
 *
 * <p>Every counted position has the weight 1 / (counted positions of the whole batch). The
 * micro-batches' losses and gradients therefore add up to those of the batch's mean, whatever the
 * cut, up to rounding.
 *
 * @param maxTokens the most distinct tokens of a micro-batch; a longer example is a micro-batch of
 *     its own
 * @param maxExamples the most examples of a micro-batch
 * @param minimumShared see {@link TokenTree#of}
 */
public record MicroBatches(LossMask mask, int maxTokens, int maxExamples, int minimumShared) {
  /**
   * One micro-batch.
   *
   * @param examples numbers of its examples in the batch
   */
  public record MicroBatch(TokenTree tree, Targets targets, IntList examples) {
    /** The rows that the last block computes, see {@link NeededRows}. */
    public int[] neededRows() {
      return NeededRows.of(tree, targets).rows();
    }

    /**
     * For each row a number made of its example's number and its position. Dropout masks are drawn
     * from these. Only for a tree without shared prefixes.
     */
    public long[] rowKeys() {
      var keys = new long[tree.rows()];
      var positions = tree.positions();
      var row = 0;
      for (var example : examples) {
        do {
          keys[row] = Dropout.key(example, positions[row]);
          row++;
        } while (row < positions.length && positions[row] > 0);
      }
      return keys;
    }
  }

  /**
   * The cut that a run's settings ask for.
   *
   * @param maxTokens the most distinct tokens of a micro-batch
   * @param dropout of the adapter; 0 where there is none
   */
  public static MicroBatches of(TrainSettings settings, int maxTokens, double dropout) {
    // Dropout draws an example's own masks, so no two examples can share a row.
    var sharing = settings.microBatches().prefixSharing() && dropout == 0;
    return new MicroBatches(
        settings.mask(),
        maxTokens,
        settings.microBatches().maxExamples(),
        sharing ? TokenTree.DEFAULT_MINIMUM_SHARED : Integer.MAX_VALUE);
  }

  /** Positions of {@code batch} that have loss. */
  public long counted(List<TokenizedExample> batch) {
    return batch.stream().mapToLong(mask::count).sum();
  }

  /**
   * The micro-batches, in the order of the examples. Examples without a counted position are left
   * out.
   */
  public List<MicroBatch> cut(List<TokenizedExample> batch) {
    var weight = 1.0 / counted(batch);
    var microBatches = new ArrayList<MicroBatch>();
    var builder = new TokenTree.Builder(minimumShared);
    var numbers = new IntArrayList();
    for (var i = 0; i < batch.size(); i++) {
      var example = batch.get(i);
      if (mask.count(example) == 0) {
        continue;
      }
      // The last token only is a target.
      var tokens = example.tokens().subList(0, mask.end(example)).toIntArray();
      var full = builder.rows() + builder.cost(tokens) > maxTokens || numbers.size() == maxExamples;
      if (full && !numbers.isEmpty()) {
        microBatches.add(microBatch(batch, numbers, builder.build(), weight));
        builder = new TokenTree.Builder(minimumShared);
        numbers = new IntArrayList();
      }
      builder.add(tokens);
      numbers.add(i);
    }
    if (!numbers.isEmpty()) {
      microBatches.add(microBatch(batch, numbers, builder.build(), weight));
    }
    return microBatches;
  }

  /**
   * The same, those with most distinct tokens first. A round of several processes takes as long as
   * its largest micro-batch: so those of a round have nearly the same size.
   */
  static List<MicroBatch> largestFirst(List<MicroBatch> microBatches) {
    return microBatches.stream()
        .sorted(Comparator.comparingInt((MicroBatch each) -> each.tree().rows()).reversed())
        .toList();
  }

  private MicroBatch microBatch(
      List<TokenizedExample> batch, IntArrayList numbers, TokenTree tree, double weight) {
    var rows = new IntArrayList();
    var targets = new IntArrayList();
    for (var i = 0; i < numbers.size(); i++) {
      var example = batch.get(numbers.getInt(i));
      for (var p = mask.begin(example); p < mask.end(example); p++) {
        rows.add(tree.row(i, p));
        targets.add(example.tokens().getInt(p + 1));
      }
    }
    var weights = new double[rows.size()];
    Arrays.fill(weights, weight);
    return new MicroBatch(
        tree, new Targets(rows.toIntArray(), targets.toIntArray(), weights), numbers);
  }
}
