package org.bayu.train;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How many examples each step takes: one size for all steps, or a size that changes at some steps.
 * Each step takes the next rows of one stream. No row is skipped or repeated when the size changes.
 *
 * @param changes in the order of their steps; the first is for step 0
 */
public record BatchSizes(List<Change> changes) {
  /**
   * A new size.
   *
   * @param start the first step that has it
   * @param value examples of each step
   */
  public record Change(int start, int value) {}

  /**
   * Steps of one size.
   *
   * @param end the step after the last one
   */
  public record Span(int start, int end, int size) {}

  /** The same size for all steps. */
  public BatchSizes(int size) {
    this(List.of(new Change(0, size)));
  }

  /** Examples of a step. */
  public int at(int step) {
    var size = changes.getFirst().value;
    for (var change : changes) {
      if (change.start <= step) {
        size = change.value;
      }
    }
    return size;
  }

  /**
   * Examples of all steps before this one.
   *
   * @throws ArithmeticException if they are more than 2⁶³
   */
  public long rowsBefore(int step) {
    var rows = 0L;
    for (var span : spans(step)) {
      rows = Math.addExact(rows, (long) (span.end - span.start) * span.size);
    }
    return rows;
  }

  /** Examples of the largest step. */
  public int largest() {
    return changes.stream().mapToInt(Change::value).max().orElseThrow();
  }

  /** The spans of a run's steps, those with the largest batches first. */
  public List<Span> largestFirst(int steps) {
    return spans(steps).stream().sorted(Comparator.comparingInt(Span::size).reversed()).toList();
  }

  private List<Span> spans(int steps) {
    var spans = new ArrayList<Span>();
    for (var i = 0; i < changes.size(); i++) {
      var start = changes.get(i).start;
      var end = i + 1 < changes.size() ? Math.min(changes.get(i + 1).start, steps) : steps;
      if (start < end) {
        spans.add(new Span(start, end, changes.get(i).value));
      }
    }
    return spans;
  }
}
