/** A stand-in for the Hub on 127.0.0.1, which Python's client accepts too. */
@NullMarked
package org.bayu.remote.standin;

import org.jspecify.annotations.NullMarked;
