/** The door: a fine-tuning put together from a model folder, rows and settings. */
@NullMarked
package org.bayu.train.finetune;

import org.jspecify.annotations.NullMarked;
