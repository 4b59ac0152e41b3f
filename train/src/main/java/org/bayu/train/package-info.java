/**
 * Fine-tuning as a library: settings, data, the training loop and its listeners. {@link
 * org.bayu.train.finetune.FineTuning} puts them together and is the class to begin with.
 *
 * <p>{@link org.bayu.train.Trainer} is the loop, {@link org.bayu.train.TrainingStep} makes one
 * update, {@link org.bayu.train.TrainState} is what an update changes, and a {@link
 * org.bayu.train.TrainListener} is told what happens.
 */
@NullMarked
package org.bayu.train;

import org.jspecify.annotations.NullMarked;
