/**
 * What a run will need of memory and what the machine has: {@link
 * org.bayu.finetune.memory.MemoryPlanner} chooses what fits.
 */
@NullMarked
package org.bayu.finetune.memory;

import org.jspecify.annotations.NullMarked;
