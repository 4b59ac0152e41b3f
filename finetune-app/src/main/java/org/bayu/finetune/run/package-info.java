/** One run of the command train: set up as its configuration says, followed, saved. */
@NullMarked
package org.bayu.finetune.run;

import org.jspecify.annotations.NullMarked;
