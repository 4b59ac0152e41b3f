/**
 * What a run leaves behind while it goes on: its {@link org.bayu.finetune.track.RunFolder} with
 * configuration and metrics, and {@link org.bayu.finetune.track.Progress} on the terminal.
 */
@NullMarked
package org.bayu.finetune.track;

import org.jspecify.annotations.NullMarked;
