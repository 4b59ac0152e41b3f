package org.bayu.tensor.internal.elements;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import org.bayu.tensor.DType;
import org.bayu.tensor.Targets;
import org.bayu.tensor.Tensor;
import org.bayu.tensor.Workspace;

/**
 * Targets by row: the rows that have any, ascending, and each one's targets in the order given. In
 * a workspace, for there may be as many as a batch has tokens.
 */
public final class TargetGroups {
  private final Tensor rows;
  private final Tensor starts;
  private final Tensor targets;

  /** The targets of a matrix of {@code height} rows, each of which exists: a counting sort. */
  public TargetGroups(Workspace memory, Targets of, int height) {
    var ends = memory.allocate(DType.I32, height + 1L);
    ends.zero();
    var groups = 0;
    for (var row : of.rows()) {
      if (add(ends, row + 1, 1) == 0) {
        groups++;
      }
    }
    rows = memory.allocate(DType.I32, groups);
    starts = memory.allocate(DType.I32, groups + 1L);
    targets = memory.allocate(DType.I32, of.size());
    collect(ends, height);
    for (var i = 0; i < of.size(); i++) {
      set(targets, add(ends, of.rows()[i], 1), i);
    }
    memory.release(ends);
  }

  /** Fills in rows and starts; each row's count becomes where its targets begin. */
  private void collect(Tensor counts, int height) {
    var group = 0;
    var start = 0;
    for (var row = 0; row < height; row++) {
      var count = get(counts, row + 1);
      set(counts, row, start);
      if (count > 0) {
        set(rows, group, row);
        set(starts, group, start);
        group++;
        start += count;
      }
    }
    set(starts, group, start);
  }

  private static int get(Tensor ints, long index) {
    return ints.data().getAtIndex(JAVA_INT, index);
  }

  private static void set(Tensor ints, long index, int value) {
    ints.data().setAtIndex(JAVA_INT, index, value);
  }

  /** Adds to an element; returns what it was. */
  private static int add(Tensor ints, long index, int value) {
    var before = get(ints, index);
    set(ints, index, before + value);
    return before;
  }

  /** Number of rows that have targets. */
  public int size() {
    return rows.columns();
  }

  /** The row of a group. */
  public int row(int group) {
    return get(rows, group);
  }

  /** Where a group's targets begin; those of the one before end there. */
  int start(int group) {
    return get(starts, group);
  }

  /** The target at a place between two starts: an index into the columns of {@link Targets}. */
  int target(int place) {
    return get(targets, place);
  }

  /** Gives back what only the forward pass reads. */
  public void releaseTargets(Workspace memory) {
    memory.release(starts);
    memory.release(targets);
  }

  /** Gives back the rows. */
  public void releaseRows(Workspace memory) {
    memory.release(rows);
  }
}
