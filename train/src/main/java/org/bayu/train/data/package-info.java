/** Data files: rows of JSON Lines, the prompts made of them, and their tokens, cached. */
@NullMarked
package org.bayu.train.data;

import org.jspecify.annotations.NullMarked;
