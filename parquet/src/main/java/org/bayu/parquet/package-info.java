/** Rows from Parquet files, by hardwood. */
@NullMarked
package org.bayu.parquet;

import org.jspecify.annotations.NullMarked;
