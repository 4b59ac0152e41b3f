/**
 * What a run writes to the disk. Checkpoints, from which it goes on ({@link
 * org.bayu.train.checkpoint.Checkpointer}, {@link org.bayu.train.checkpoint.Checkpoint}), and
 * saves: model folders for Transformers and PEFT, where they go, and the disk space they take.
 */
@NullMarked
package org.bayu.train.checkpoint;

import org.jspecify.annotations.NullMarked;
