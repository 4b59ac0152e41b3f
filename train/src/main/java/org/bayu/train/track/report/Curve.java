package org.bayu.train.track.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A metric over the steps, thinned so that any number of steps takes little room. The steps are
 * divided into intervals of equal length; of each, the least and the greatest value are kept, and
 * of the whole curve its first and its last. Which points are kept depends on the points alone.
 */
final class Curve {
  /** Intervals at most; when there are more, each two become one. */
  static final int INTERVALS = 500;

  /** A value at a step. */
  record Point(int step, double value) {}

  /** The extremes of an interval. */
  private record Interval(int number, Point least, Point greatest) {
    Interval with(Interval other) {
      return new Interval(
          number,
          other.least.value < least.value ? other.least : least,
          other.greatest.value > greatest.value ? other.greatest : greatest);
    }
  }

  private final List<Interval> intervals = new ArrayList<>();
  private final List<Point> ends = new ArrayList<>(); // the first point and the last
  private int length = 1; // of an interval, in steps

  /** Adds a value of a later step than those before. */
  void add(int step, double value) {
    var point = new Point(step, value);
    if (ends.size() > 1) {
      ends.removeLast();
    }
    ends.add(point);
    append(intervals, new Interval(step / length, point, point));
    if (intervals.size() > INTERVALS) {
      length *= 2;
      var halved = new ArrayList<Interval>();
      for (var each : intervals) {
        append(halved, new Interval(each.number / 2, each.least, each.greatest));
      }
      intervals.clear();
      intervals.addAll(halved);
    }
  }

  private static void append(List<Interval> intervals, Interval next) {
    if (!intervals.isEmpty() && intervals.getLast().number == next.number) {
      intervals.set(intervals.size() - 1, intervals.getLast().with(next));
    } else {
      intervals.add(next);
    }
  }

  boolean isEmpty() {
    return ends.isEmpty();
  }

  /** The last point. */
  Point last() {
    return ends.getLast();
  }

  /** The point of the least value, the first of several. */
  Point least() {
    var least = ends.getFirst();
    for (var each : intervals) {
      least = each.least.value < least.value ? each.least : least;
    }
    return least;
  }

  /** The points that are kept, by their steps. */
  List<Point> points() {
    var points = new ArrayList<Point>();
    Consumer<Point> add =
        point -> {
          if (points.isEmpty() || points.getLast().step < point.step) {
            points.add(point);
          }
        };
    if (!ends.isEmpty()) {
      add.accept(ends.getFirst());
    }
    for (var each : intervals) {
      var leastFirst = each.least.step < each.greatest.step;
      add.accept(leastFirst ? each.least : each.greatest);
      add.accept(leastFirst ? each.greatest : each.least);
    }
    if (!ends.isEmpty()) {
      add.accept(ends.getLast());
    }
    return points;
  }
}
