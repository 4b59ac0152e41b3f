package org.bayu.finetune.track;

import java.io.PrintWriter;
import java.util.Locale;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Help.Ansi;

/** Shows how far long work has come: a bar on a terminal, elsewhere a line now and then. */
public final class Progress implements AutoCloseable {
  private static final long LINE_NANOS = 2_000_000_000L;

  private final String task;
  private final long total;
  private final PrintWriter err;
  private final @Nullable ProgressBar bar;
  private final long start = System.nanoTime();
  private long lastLine;
  private long done;

  /** Progress of {@code total} units of {@code task}; lines go to {@code err}. */
  public Progress(String task, long total, PrintWriter err) {
    this.task = task;
    this.total = total;
    this.err = err;
    lastLine = start - LINE_NANOS;
    bar =
        !Ansi.AUTO.enabled()
            ? null
            : new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total)
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err))
                .build();
  }

  /** One unit more is done; {@code message} says how it went. */
  public void step(String message) {
    done++;
    if (bar != null) {
      bar.setExtraMessage(" " + message);
      bar.step();
      return;
    }
    var now = System.nanoTime();
    if (now - lastLine < LINE_NANOS && done < total) {
      return;
    }
    lastLine = now;
    var seconds = (now - start) * 1e-9;
    var left = seconds / done * (total - done);
    err.println(
        String.format(
            Locale.ROOT, "%s %d/%d  %s  %s left", task, done, total, message, duration(left)));
  }

  private static String duration(double seconds) {
    var whole = Math.round(seconds);
    return whole < 60
        ? whole + " s"
        : String.format(Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
  }

  @Override
  public void close() {
    if (bar != null) {
      bar.close();
    }
  }
}
