/** What is shown of a run, and where its numbers go. */
@NullMarked
package org.bayu.train.track;

import org.jspecify.annotations.NullMarked;
