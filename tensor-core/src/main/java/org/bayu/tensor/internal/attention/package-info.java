/**
 * The attention engine: causal attention of many segments, forward and backward. Its door is {@link
 * org.bayu.tensor.internal.attention.AttentionEngine}. Knows tensors, segments and kernels, no
 * tapes. Not exported.
 *
 * <p>The words: a <i>block</i> is some neighbouring queries, a <i>piece</i> some neighbouring keys
 * with their values, a <i>tile</i> the part of a block that sees a piece; a <i>panel</i> is memory
 * that is packed for a product, and its <i>lanes</i> are what the product computes side by side. A
 * query's <i>logSumExp</i> is the logarithm of the sum of its exponentials, its <i>delta</i> the
 * dot product dy·y; their negatives are its <i>terms</i>, which the backward pass adds.
 */
@NullMarked
package org.bayu.tensor.internal.attention;

import org.jspecify.annotations.NullMarked;
