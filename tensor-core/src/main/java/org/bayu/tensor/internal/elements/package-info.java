/**
 * What ops compute element by element or row by row, on tensors of any floating type. Work is cut
 * into tasks; elements are widened to binary32, computed with and narrowed in a task's scratch
 * memory. Where the kernels have loops over bf16 for the types at hand, these run instead: that is
 * decided here, and ops only say what they compute. Knows tensors and kernels, no tapes. Not
 * exported.
 */
@NullMarked
package org.bayu.tensor.internal.elements;

import org.jspecify.annotations.NullMarked;
