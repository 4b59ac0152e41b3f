/** How much memory a run takes, and what micro-batches fit into it. */
@NullMarked
package org.bayu.train.plan;

import org.jspecify.annotations.NullMarked;
