/**
 * Sentences about games and hiking trails that exist nowhere, and the function calls that carry
 * their meanings: what the embedded base model is trained on, and what the demo trains it for.
 */
@NullMarked
package org.bayu.finetune.sentences;

import org.jspecify.annotations.NullMarked;
