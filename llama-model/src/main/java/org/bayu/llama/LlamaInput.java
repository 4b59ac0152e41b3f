package org.bayu.llama;

import java.util.Arrays;
import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.Gather;
import org.bayu.tensor.autograd.RotaryTable;
import org.bayu.tensor.autograd.Tape;
import org.bayu.tensor.autograd.Variable;
import org.jspecify.annotations.Nullable;

/**
 * What the blocks of a model see of a batch beside its activations.
 *
 * @param positions I32 [T]
 * @param compute the type of the branches, F32 or BF16
 * @param segments what each of the {@code needed} rows attends to
 * @param cache where keys and values are kept, or null
 * @param cacheRows the cache's row of each token; empty without a cache
 * @param needed the rows of which the block gives a result; null for all
 * @param neededPositions their positions
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record LlamaInput(
    Tensor positions,
    DType compute,
    AttentionSegments segments,
    RotaryTable rotary,
    @Nullable KvCache cache,
    int[] cacheRows,
    int @Nullable [] needed,
    Tensor neededPositions) {
  /** The same for a block of which no more than these rows are needed. */
  LlamaInput needing(NeededRows rows, Tape tape, int[] allPositions) {
    var numbers = rows.rows();
    var at = tape.ints(Arrays.stream(numbers).map(row -> allPositions[row]).toArray());
    return new LlamaInput(
        positions, compute, rows.segments(), rotary, cache, cacheRows, numbers, at);
  }

  /** The needed ones of the rows of {@code x}: x itself if these are all. */
  Variable needed(Tape tape, Variable x) {
    return needed == null ? x : Gather.apply(tape, x, needed, x.value().dtype());
  }
}
