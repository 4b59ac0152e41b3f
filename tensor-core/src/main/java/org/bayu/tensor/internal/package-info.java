/** The device behind the ops: not exported. */
@NullMarked
package org.bayu.tensor.internal;

import org.jspecify.annotations.NullMarked;
