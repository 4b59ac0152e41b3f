/** Measures the kernels, the training step and generation, each beside what it is compared with. */
@NullMarked
package org.bayu.benchmarks;

import org.jspecify.annotations.NullMarked;
