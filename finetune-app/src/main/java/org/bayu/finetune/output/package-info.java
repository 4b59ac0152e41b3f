/** Standard output, and new folders that are written whole or not at all. */
@NullMarked
package org.bayu.finetune.output;

import org.jspecify.annotations.NullMarked;
