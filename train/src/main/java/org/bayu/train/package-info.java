/** The training loop: settings, batches, micro-batches, steps, state and listeners. */
@NullMarked
package org.bayu.train;

import org.jspecify.annotations.NullMarked;
