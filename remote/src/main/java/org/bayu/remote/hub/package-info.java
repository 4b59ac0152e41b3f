/** Models and data sets on the Hugging Face Hub, and the cache that Python's client shares. */
@NullMarked
package org.bayu.remote.hub;

import org.jspecify.annotations.NullMarked;
