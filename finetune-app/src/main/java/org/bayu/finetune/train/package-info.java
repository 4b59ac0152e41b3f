/**
 * Training: {@link org.bayu.finetune.train.TrainRun} goes from a configuration to saved models,
 * {@link org.bayu.finetune.train.TrainingStep} is one update.
 */
@NullMarked
package org.bayu.finetune.train;

import org.jspecify.annotations.NullMarked;
