/**
 * Metrics of a run: {@link org.bayu.train.track.Tracking} computes them, and a {@link
 * org.bayu.train.track.Tracker} writes them somewhere: to a file, or for TensorBoard or Weights
 * &amp; Biases.
 *
 * {@snippet :
 * var file = JsonLinesTracker.create(Path.of("metrics.jsonl"));
 * try (var tracking = new Tracking(List.of(file), 0, System.err::println)) {
 *   trainer.listen(tracking);
 *   trainer.run();
 * }
 * }
 */
@NullMarked
package org.bayu.train.track;

import org.jspecify.annotations.NullMarked;
