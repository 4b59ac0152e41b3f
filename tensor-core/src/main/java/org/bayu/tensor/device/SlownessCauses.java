package org.bayu.tensor.device;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Locale;
import org.bayu.tensor.internal.CpuDevice;

/** Why kernels can be slow that are fast elsewhere. */
final class SlownessCauses {
  /** Products below this share of the peak are slower than any machine should let them be. */
  private static final double LOW_SHARE = 0.5;

  private SlownessCauses() {}

  /** Adds a warning if products run far below their tier's usual share of the peak. */
  static void warn(CpuDevice device, double peak, double rate, String type, List<String> warnings) {
    if (device.tier().equals("scalar")) {
      if (warnings.isEmpty()) {
        warnings.add(
            "Bayu computes with plain loops, many times slower than this processor can: start Java"
                + " with --add-modules jdk.incubator.vector.");
      }
    } else if (rate < LOW_SHARE * peak) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "Matrix products in %s reach %.0f %% of the peak: %s.",
              type,
              100 * rate / peak,
              cause(device)));
    }
  }

  private static String cause(CpuDevice device) {
    var flags = ManagementFactory.getRuntimeMXBean().getInputArguments();
    if (System.getProperty("java.vm.info", "").contains("interpreted")) {
      return "this JVM only interprets, leave -Xint out";
    }
    if (flags.stream().anyMatch(flag -> flag.startsWith("-XX:TieredStopAtLevel="))) {
      return "this JVM's optimizing compiler is off, leave -XX:TieredStopAtLevel out";
    }
    var bytes = allocatedByATile(device);
    if (bytes > 0) {
      return String.format(
          Locale.ROOT,
          "a kernel allocates %,d bytes a call, so its vectors are not kept in registers",
          bytes);
    }
    var load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
    return load > 1.5 * device.threads()
        ? String.format(Locale.ROOT, "other programs use the processor, its load is %.1f", load)
        : "for no reason that Bayu knows of; close other programs and try again";
  }

  /** Bytes on the heap that one call of a warm tile takes; 0 if this JVM does not count them. */
  private static long allocatedByATile(CpuDevice device) {
    if (!(ManagementFactory.getThreadMXBean() instanceof ThreadMXBean threads)) {
      return 0;
    }
    var kernels = device.kernels();
    var k = 256;
    try (var arena = Arena.ofConfined()) {
      var a = arena.allocate(4L * k * kernels.tileRows(), 64);
      var b = arena.allocate(4L * k * kernels.tileColumns(), 64);
      var c = arena.allocate(4L * kernels.tileRows() * kernels.tileColumns(), 64);
      var calls = 10_000;
      var before = 0L;
      for (var i = 0; i < 2 * calls; i++) {
        if (i == calls) {
          before = threads.getCurrentThreadAllocatedBytes();
        }
        kernels.gemmTile(k, a, 0, b, 0, c, 0, kernels.tileColumns(), true);
      }
      return (threads.getCurrentThreadAllocatedBytes() - before) / calls;
    }
  }
}
