/** Runs of Weights &amp; Biases: in files, and sent to its server. */
@NullMarked
package org.bayu.train.track.wandb;

import org.jspecify.annotations.NullMarked;
