package org.bayu.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.OpTime;

/**
 * Where the time of a run's steps went, as a table: op by op, the longest first.
 *
 * @param times of all steps together
 * @param steps how many
 * @param threads that computed
 * @param peakGflops 10⁹ operations a second that the processor can do at most; 0 if unknown. An op
 *     that did more raises it
 */
public record StepProfile(List<OpTime> times, int steps, int threads, double peakGflops) {
  /** Raises the peak to what was reached. */
  public StepProfile {
    if (peakGflops > 0) {
      for (var time : times) {
        peakGflops = Math.max(peakGflops, rate(time.flops(), time.seconds()));
      }
    }
  }

  private static double rate(double flops, double seconds) {
    return flops == 0 || seconds == 0 ? 0 : flops / seconds * 1e-9;
  }

  /** The table's lines. */
  public List<String> lines() {
    if (steps == 0) {
      return List.of("No step was done, so there is no profile.");
    }
    var seconds = times.stream().mapToDouble(OpTime::seconds).sum();
    var busySeconds = times.stream().mapToDouble(OpTime::busySeconds).sum();
    var flops = times.stream().mapToDouble(OpTime::flops).sum();
    var lines = new ArrayList<String>();
    lines.add(
        String.format(
            Locale.ROOT,
            "Profile of %d steps, %.0f ms each; threads busy for %.1f %% of it%s.",
            steps,
            1000 * seconds / steps,
            100 * busySeconds / (threads * seconds),
            peakGflops == 0
                ? ""
                : String.format(Locale.ROOT, "; the peak is %.0f GFLOP/s", peakGflops)));
    lines.add(
        String.format(
            "%-20s %-9s %7s %9s %7s %9s %8s %7s",
            "op", "pass", "calls", "ms/step", "share", "GFLOP/s", "of peak", "busy"));
    for (var time : times) {
      lines.add(
          line(
              time.op(),
              time.pass().name().toLowerCase(Locale.ROOT),
              time.calls(),
              time.seconds(),
              time.busySeconds(),
              time.flops(),
              seconds));
    }
    lines.add(
        line(
            "all",
            "",
            times.stream().mapToLong(OpTime::calls).sum(),
            seconds,
            busySeconds,
            flops,
            seconds));
    return lines;
  }

  private String line(
      String op,
      String pass,
      long calls,
      double seconds,
      double busySeconds,
      double flops,
      double allSeconds) {
    var rate = rate(flops, seconds);
    return String.format(
        Locale.ROOT,
        "%-20s %-9s %7.0f %9.1f %6.1f%% %9s %8s %6.1f%%",
        op,
        pass,
        (double) calls / steps,
        1000 * seconds / steps,
        100 * seconds / allSeconds,
        rate == 0 ? "" : String.format(Locale.ROOT, "%.1f", rate),
        rate == 0 || peakGflops == 0
            ? ""
            : String.format(Locale.ROOT, "%.1f%%", 100 * rate / peakGflops),
        100 * busySeconds / (threads * seconds));
  }
}
