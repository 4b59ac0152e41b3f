/** The memory that the machine has and that this process takes. */
@NullMarked
package org.bayu.finetune.memory;

import org.jspecify.annotations.NullMarked;
