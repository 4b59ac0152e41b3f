/** Files and folders that are written whole or not at all. */
@NullMarked
package org.bayu.train.files;

import org.jspecify.annotations.NullMarked;
