/** Low-rank adapters: configuration, injection, merging, files. */
@NullMarked
package org.bayu.lora;

import org.jspecify.annotations.NullMarked;
