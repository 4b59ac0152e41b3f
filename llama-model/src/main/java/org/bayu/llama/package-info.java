/** The Llama model and what it is read from and written to. */
@NullMarked
package org.bayu.llama;

import org.jspecify.annotations.NullMarked;
