package org.bayu.llama;

import org.bayu.tensor.AttentionSegments;
import org.bayu.tensor.DType;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.autograd.RotaryTable;
import org.jspecify.annotations.Nullable;

/**
 * What the blocks of a model see of a batch beside its activations.
 *
 * @param positions I32 [T]
 * @param compute the type of the branches, F32 or BF16
 * @param cache where keys and values are kept, or null
 * @param cacheRows the cache's row of each token; empty without a cache
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record LlamaInput(
    Tensor positions,
    DType compute,
    AttentionSegments segments,
    RotaryTable rotary,
    @Nullable KvCache cache,
    int[] cacheRows) {}
