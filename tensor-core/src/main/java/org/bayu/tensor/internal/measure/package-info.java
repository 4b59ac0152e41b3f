/** How fast a device computes: not exported. */
@NullMarked
package org.bayu.tensor.internal.measure;

import org.jspecify.annotations.NullMarked;
