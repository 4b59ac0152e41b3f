/**
 * A run's configuration: {@link org.bayu.finetune.config.TrainConfig} and its sections, from a YAML
 * file and flags, with Levanter's keys and Bayu's own.
 *
 * <pre>{@code
 * var config = TrainConfig.load(Path.of("viggo.yaml"), List.of("--trainer.seed", "1"), files);
 * var steps = config.trainer().numTrainSteps();
 * }</pre>
 */
@NullMarked
package org.bayu.finetune.config;

import org.jspecify.annotations.NullMarked;
