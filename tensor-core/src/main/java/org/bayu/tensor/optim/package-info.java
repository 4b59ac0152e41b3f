/**
 * The update of parameters: {@link org.bayu.tensor.optim.GradientClip}, then {@link
 * org.bayu.tensor.optim.AdamW} with the learning rate of a {@link
 * org.bayu.tensor.optim.LearningRateSchedule}.
 *
 * <pre>{@code
 * var norm = GradientClip.globalNorm(device, gradients);
 * adamW.step(gradients, schedule.rate(step), GradientClip.scale(norm, 1.0));
 * }</pre>
 */
@NullMarked
package org.bayu.tensor.optim;

import org.jspecify.annotations.NullMarked;
