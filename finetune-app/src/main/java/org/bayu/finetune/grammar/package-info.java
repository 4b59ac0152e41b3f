/** Grammars of answers: what a model can say at all. */
@NullMarked
package org.bayu.finetune.grammar;

import org.jspecify.annotations.NullMarked;
