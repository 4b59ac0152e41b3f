/**
 * What ends a command early: errors that a user can mend, exit codes, and the sentence for the
 * terminal.
 */
@NullMarked
package org.bayu.finetune.error;

import org.jspecify.annotations.NullMarked;
