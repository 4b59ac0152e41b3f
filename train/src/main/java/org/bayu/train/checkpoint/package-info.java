/**
 * What a run saves: model folders for Transformers and PEFT, where they go, and the disk space they
 * take.
 */
@NullMarked
package org.bayu.train.checkpoint;

import org.jspecify.annotations.NullMarked;
