/** The commands of the application. */
@NullMarked
package org.bayu.finetune;

import org.jspecify.annotations.NullMarked;
