package org.bayu.finetune.config;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * The key {@code trainer.train_batch_size}: how many examples each step takes. One size for all, or
 * one from each of some steps on. The rows come in one stream, of which each step takes the next
 * ones: none is skipped or taken twice where the size changes.
 *
 * @param changes in the order of their steps; the first is for step 0
 */
public record BatchSizes(List<Change> changes) {
  private static final String KEY = "train_batch_size";
  private static final String EXPECTED =
      "a whole number of at least 1 or a list of {start: STEP, value: EXAMPLES}";

  /**
   * A new size.
   *
   * @param start the first step that has it
   * @param value examples a step
   */
  public record Change(int start, int value) {}

  /**
   * Steps of one size.
   *
   * @param end the step after the last
   */
  public record Span(int start, int end, int size) {}

  /** The same size for all steps. */
  public BatchSizes(int size) {
    this(List.of(new Change(0, size)));
  }

  static BatchSizes read(ConfigSection keys) {
    if (keys.isSection(KEY)) {
      throw keys.expected(KEY, EXPECTED);
    }
    if (!keys.isList(KEY)) {
      return new BatchSizes(keys.whole(KEY, 512, 1));
    }
    var changes = new ArrayList<Change>();
    for (var entry : Objects.requireNonNull(keys.sections(KEY))) {
      var start = entry.whole("start", changes.isEmpty() ? 0 : changes.getLast().start + 1);
      var value = entry.whole("value", 1);
      if (start == null || value == null) {
        throw keys.bad(KEY, "each entry needs start and value: {start: STEP, value: EXAMPLES}.");
      }
      if (changes.isEmpty() && start != 0) {
        throw keys.bad(KEY, "the first entry must begin at step 0 (start: 0), not " + start + ".");
      }
      if (start == Integer.MAX_VALUE) {
        throw keys.bad(KEY, "no run has a step " + start + ".");
      }
      changes.add(new Change(start, value));
    }
    if (changes.isEmpty()) {
      throw keys.bad(KEY, "an empty list, where " + EXPECTED + " is expected.");
    }
    return new BatchSizes(List.copyOf(changes));
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

  /** The spans of a run's steps, the largest steps first. */
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

  /** The size, or the list of changes: as the key is read. */
  @JsonValue
  public Object value() {
    return changes.size() == 1 ? (Object) changes.getFirst().value : changes;
  }
}
