/**
 * What changes parameters: {@link org.bayu.tensor.optim.AdamW} after {@link
 * org.bayu.tensor.optim.GradientClip}, at the rate of a {@link
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
