/**
 * The attention engine: causal attention of many segments in tiles of queries and keys, forward and
 * backward. Knows tensors, segments and kernels, no tapes. Not exported.
 */
@NullMarked
package org.bayu.tensor.internal.attention;

import org.jspecify.annotations.NullMarked;
