/** The wire format of protocol buffers, as far as the trackers' files need it. */
@NullMarked
package org.bayu.train.track.wire;

import org.jspecify.annotations.NullMarked;
