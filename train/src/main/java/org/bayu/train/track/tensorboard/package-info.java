/** Event files, which TensorBoard shows. */
@NullMarked
package org.bayu.train.track.tensorboard;

import org.jspecify.annotations.NullMarked;
