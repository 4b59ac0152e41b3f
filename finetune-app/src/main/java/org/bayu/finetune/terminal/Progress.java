package org.bayu.finetune.terminal;

import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/**
 * Shows how far long work has come: on a terminal one line with a bar, elsewhere a line now and
 * then. What else is to be printed meanwhile goes through {@link #message}, from any thread.
 */
public final class Progress implements AutoCloseable {
  private static final long LINE_NANOS = 2_000_000_000L;
  private static final long PAINT_NANOS = 100_000_000L;
  private static final int SHORTEST_BAR = 10;
  private static final int LONGEST_BAR = 30;
  private static final String ERASE_LINE = "\r\033[K";

  private final String task;
  private final long total;
  private final PrintWriter err;
  private final int columns;
  private final LongSupplier clock;
  private final LongFunction<String> unit;
  private final long start;
  private long lastLine;
  private long lastPaint;
  private boolean painted;
  private long done;
  private long before;
  private String part = "";
  private double partDone;
  private List<String> figures = List.of();

  /** Progress of {@code total} units of {@code task} on stderr, which is {@code err}. */
  public Progress(String task, long total, PrintWriter err) {
    this(task, total, err, Terminal.columnsOfErrors(), System::nanoTime);
  }

  /** Progress of so many bytes, which are shown in MB. */
  public static Progress ofBytes(String task, long total, PrintWriter err) {
    return new Progress(
        task,
        total,
        err,
        Terminal.columnsOfErrors(),
        System::nanoTime,
        bytes -> String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6));
  }

  /**
   * The same with a terminal of so many columns; none if 0.
   *
   * @param clock in nanoseconds
   */
  Progress(String task, long total, PrintWriter err, int columns, LongSupplier clock) {
    this(task, total, err, columns, clock, Long::toString);
  }

  private Progress(
      String task,
      long total,
      PrintWriter err,
      int columns,
      LongSupplier clock,
      LongFunction<String> unit) {
    this.unit = unit;
    this.task = task;
    this.total = total;
    this.err = err;
    this.columns = columns;
    this.clock = clock;
    start = clock.getAsLong();
    lastLine = start - LINE_NANOS;
    lastPaint = start - PAINT_NANOS;
  }

  /** So many units were done before this began: they count, but took no time. */
  public synchronized void doneBefore(long units) {
    done = units;
    before = units;
  }

  /** One unit more is done; the figures say how it went, the most important first. */
  public synchronized void step(String... figures) {
    advance(1, figures);
  }

  /** So many units more are done. */
  public synchronized void advance(long units, String... figures) {
    done += units;
    part = "";
    partDone = 0;
    this.figures = List.of(figures);
    if (columns > 0) {
      paint(done == total);
      return;
    }
    var now = clock.getAsLong();
    if (now - lastLine < LINE_NANOS && done < total) {
      return;
    }
    lastLine = now;
    var line = new StringBuilder(count());
    this.figures.forEach(figure -> line.append("  ").append(figure));
    err.println(line.append("  ").append(left(now)));
  }

  /** Of the unit under way, so many parts are done. */
  public synchronized void part(int partsDone, int parts) {
    part = String.format(Locale.ROOT, " (%d/%d)", partsDone, parts);
    partDone = (double) partsDone / parts;
    paint(false);
  }

  /** The unit under way is done but for something else, of which so many parts are done. */
  public synchronized void afterwards(String what, int partsDone, int parts) {
    part = String.format(Locale.ROOT, " (%s %d/%d)", what, partsDone, parts);
    partDone = 1;
    paint(false);
  }

  /** Other figures, while no more is done. */
  public synchronized void show(String... figures) {
    this.figures = List.of(figures);
    paint(false);
  }

  /** Prints a line above the bar. */
  public synchronized void message(String line) {
    if (painted) {
      err.print(ERASE_LINE);
    }
    err.println(line);
    if (painted) {
      paint(true);
    }
  }

  private void paint(boolean now) {
    var time = clock.getAsLong();
    if (columns == 0 || (!now && time - lastPaint < PAINT_NANOS)) {
      return;
    }
    lastPaint = time;
    painted = true;
    err.print(ERASE_LINE + line(time));
    err.flush();
  }

  private String line(long now) {
    var head = count() + part + " [";
    // The cursor stands behind the last character: one column is its own.
    var room = columns - 1 - head.length() - 1 - SHORTEST_BAR;
    var tail = new StringBuilder();
    append(tail, done - before + partDone > 0 ? left(now) : "", room);
    figures.forEach(figure -> append(tail, figure, room));
    var bar = Math.clamp((long) SHORTEST_BAR + room - tail.length(), SHORTEST_BAR, LONGEST_BAR);
    var full = (int) Math.round(bar * (total == 0 ? 1 : Math.min(1, (done + partDone) / total)));
    return head + "#".repeat(full) + ".".repeat(bar - full) + "]" + tail;
  }

  /** A figure is shown whole or not at all. */
  private static void append(StringBuilder line, String figure, int room) {
    if (!figure.isEmpty() && line.length() + 2 + figure.length() <= room) {
      line.append("  ").append(figure);
    }
  }

  private String count() {
    return task + " " + unit.apply(done) + "/" + unit.apply(total);
  }

  private String left(long now) {
    var seconds = (now - start) * 1e-9;
    var units = done - before + partDone;
    var left = Math.round(seconds / units * Math.max(0, total - before - units));
    return left < 60
        ? left + " s left"
        : String.format(Locale.ROOT, "%d:%02d:%02d left", left / 3600, left / 60 % 60, left % 60);
  }

  @Override
  public synchronized void close() {
    if (painted) {
      paint(true);
      err.println();
      painted = false;
    }
  }
}
