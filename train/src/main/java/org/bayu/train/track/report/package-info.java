/**
 * {@code report.html}, a page about a run that needs nothing but itself: {@link
 * org.bayu.train.track.report.ReportTracker} writes it while the run goes on.
 *
 * {@snippet :
 * var metrics = Path.of("metrics.jsonl");
 * var report = ReportTracker.open(metrics, Path.of("report.html"), 0, config);
 * var trackers = List.of(JsonLinesTracker.create(metrics), new BackgroundTracker(report));
 * }
 */
@NullMarked
package org.bayu.train.track.report;

import org.jspecify.annotations.NullMarked;
