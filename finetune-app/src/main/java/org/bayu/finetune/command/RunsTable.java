package org.bayu.finetune.command;

import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.finetune.run.RunStatus;

/** Runs as lines of a table. */
final class RunsTable {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());

  private static final String GAP = "  ";

  /** A run id is not cut shorter: random ones have so many characters. */
  private static final int SHORTEST_ID = 8;

  private RunsTable() {}

  /**
   * The table, its header first.
   *
   * @param columns of the terminal, into which it fits if ids that are cut can make it; 0 for no
   *     limit
   */
  static List<String> lines(List<RunStatus> runs, int columns) {
    var rows = new ArrayList<List<String>>();
    rows.add(List.of("ID", "STATE", "STEP", "LOSS", "CHECKPOINTS", "CHANGED"));
    for (var run : runs) {
      rows.add(cells(run));
    }
    var widths = new int[rows.getFirst().size()];
    var total = GAP.length() * (widths.length - 1);
    for (var column = 0; column < widths.length; column++) {
      for (var row : rows) {
        widths[column] = Math.max(widths[column], row.get(column).length());
      }
      total += widths[column];
    }
    if (columns > 0 && total > columns) {
      widths[0] = Math.max(Math.min(SHORTEST_ID, widths[0]), widths[0] - (total - columns));
    }
    return rows.stream().map(row -> line(row, widths)).toList();
  }

  private static List<String> cells(RunStatus run) {
    var steps = run.steps().isPresent() ? Integer.toString(run.steps().getAsInt()) : "?";
    return List.of(
        run.id(),
        run.state().toString(),
        run.done() + "/" + steps,
        run.loss().map(loss -> String.format(Locale.ROOT, "%.3f", loss)).orElse("-"),
        checkpoints(run),
        time(run.changed()));
  }

  private static String checkpoints(RunStatus run) {
    return run.newestCheckpoint().isPresent()
        ? String.format(
            Locale.ROOT,
            "%d, %s, step-%d",
            run.checkpoints(),
            size(run.checkpointBytes()),
            run.newestCheckpoint().getAsInt())
        : "-";
  }

  private static String size(long bytes) {
    var mib = bytes / (double) (1 << 20);
    if (mib < 1) {
      return String.format(Locale.ROOT, "%d KiB", (bytes + 1023) / 1024);
    }
    return mib < 1000
        ? String.format(Locale.ROOT, "%.0f MiB", mib)
        : String.format(Locale.ROOT, "%.1f GiB", mib / 1024);
  }

  private static String time(Instant instant) {
    return TIME.format(instant);
  }

  private static String line(List<String> row, int[] widths) {
    var line = new StringBuilder();
    for (var column = 0; column < widths.length; column++) {
      var cell = column == 0 ? cut(row.getFirst(), widths[0]) : row.get(column);
      line.append(cell).repeat(" ", widths[column] - cell.length()).append(GAP);
    }
    return line.toString().stripTrailing();
  }

  /** The beginning and the end of a name that is too long. */
  private static String cut(String id, int width) {
    if (id.length() <= width) {
      return id;
    }
    var end = (width - 1) / 2;
    return id.substring(0, width - 1 - end) + "…" + id.substring(id.length() - end);
  }
}
