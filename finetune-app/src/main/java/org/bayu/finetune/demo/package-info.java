/**
 * The tutorial in small: a grammar's sentences about hiking trails, a tokenizer and a model made
 * from them, and the commands that fine-tune it on a changed task.
 */
@NullMarked
package org.bayu.finetune.demo;

import org.jspecify.annotations.NullMarked;
