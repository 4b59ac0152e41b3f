/**
 * The tutorial in small: the base model that is in the jar, rows of a task that it does not know,
 * and the commands that fine-tune and compare it.
 */
@NullMarked
package org.bayu.finetune.demo;

import org.jspecify.annotations.NullMarked;
