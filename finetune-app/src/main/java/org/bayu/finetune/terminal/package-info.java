/** What is shown on the terminal while a command works. */
@NullMarked
package org.bayu.finetune.terminal;

import org.jspecify.annotations.NullMarked;
