/** The commands of the application, one class each, and what several of them share. */
@NullMarked
package org.bayu.finetune.command;

import org.jspecify.annotations.NullMarked;
