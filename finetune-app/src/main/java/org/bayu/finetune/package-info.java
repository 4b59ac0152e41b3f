/** The application: one class that reads the command line and runs a command of it. */
@NullMarked
package org.bayu.finetune;

import org.jspecify.annotations.NullMarked;
