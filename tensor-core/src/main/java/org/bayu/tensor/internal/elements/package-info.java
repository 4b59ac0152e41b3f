/**
 * What ops do to tensors element by element: work cut into tasks, and elements of any type brought
 * to binary32 and back. Knows tensors and kernels, no tapes. Not exported.
 */
@NullMarked
package org.bayu.tensor.internal.elements;

import org.jspecify.annotations.NullMarked;
