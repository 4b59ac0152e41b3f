/** Threads: not exported. */
@NullMarked
package org.bayu.tensor.internal.parallel;

import org.jspecify.annotations.NullMarked;
