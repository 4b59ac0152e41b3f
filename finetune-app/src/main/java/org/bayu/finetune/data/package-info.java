/**
 * Data of the application alone: ViGGO's CSV, prompts to be answered, and what the user is told
 * about the rows. Reading rows and making tokens of them is in {@link org.bayu.train.data}.
 */
@NullMarked
package org.bayu.finetune.data;

import org.jspecify.annotations.NullMarked;
