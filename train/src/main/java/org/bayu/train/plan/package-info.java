/**
 * Estimates how much memory a run takes: {@link org.bayu.train.plan.MemoryPlanner} makes a {@link
 * org.bayu.train.plan.MemoryPlan} and chooses micro-batches that fit.
 */
@NullMarked
package org.bayu.train.plan;

import org.jspecify.annotations.NullMarked;
