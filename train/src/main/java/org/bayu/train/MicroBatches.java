package org.bayu.train;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bayu.llama.TokenTree;
import org.bayu.tensor.Targets;
import org.bayu.tensor.autograd.Dropout;

/**
 * A batch cut into pieces that fit in memory, each a {@link TokenTree} with the positions that have
 * loss.
 *
 * <p>Every counted position weighs 1 / (counted positions of the whole batch), so that the pieces'
 * losses and gradients sum up to the batch's mean, however it was cut.
 *
 * @param maxTokens distinct tokens a piece may have; an example longer than that is a piece alone
 * @param maxExamples examples a piece may have
 * @param minimumShared see {@link TokenTree#of}
 */
public record MicroBatches(LossMask mask, int maxTokens, int maxExamples, int minimumShared) {
  /**
   * One piece.
   *
   * @param examples numbers of its examples in the batch
   */
  public record MicroBatch(TokenTree tree, Targets targets, IntList examples) {
    /**
     * For each row a number made of its example's number and its position: what dropout masks are
     * drawn from. Only for a tree that shares nothing.
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
   * The pieces that a run's settings ask for.
   *
   * @param maxTokens distinct tokens a piece may have
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

  /** The pieces, in the order of the examples; examples without a counted position are left out. */
  public List<MicroBatch> cut(List<TokenizedExample> batch) {
    var weight = 1.0 / counted(batch);
    var pieces = new ArrayList<MicroBatch>();
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
        pieces.add(piece(batch, numbers, builder.build(), weight));
        builder = new TokenTree.Builder(minimumShared);
        numbers = new IntArrayList();
      }
      builder.add(tokens);
      numbers.add(i);
    }
    if (!numbers.isEmpty()) {
      pieces.add(piece(batch, numbers, builder.build(), weight));
    }
    return pieces;
  }

  private MicroBatch piece(
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
