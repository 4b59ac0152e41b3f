/** Processes that compute together: {@link Communicator}. */
@NullMarked
package org.bayu.collectives;

import org.jspecify.annotations.NullMarked;
