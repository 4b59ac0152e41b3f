package org.bayu.train.plan;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.OptionalLong;
import org.bayu.train.TrainException;

/**
 * The memory that this process may use.
 *
 * @param totalBytes of the machine, or of the container if that has less
 * @param availableBytes free now, including the memory of cached files that can be given up, and
 *     including what this process uses already
 */
public record MachineMemory(long totalBytes, long availableBytes) {
  /** Memory for any run: for a plan in which nothing is left to choose. */
  public static final MachineMemory UNLIMITED = new MachineMemory(Long.MAX_VALUE, Long.MAX_VALUE);

  /**
   * A property that says another number of bytes, total and available: a whole number, also with k,
   * m or g behind it.
   */
  static final String PROPERTY = "bayu.memory";

  /** This machine's memory now. */
  public static MachineMemory current() {
    var given = System.getProperty(PROPERTY);
    if (given != null) {
      var bytes = parse(given);
      return new MachineMemory(bytes, bytes);
    }
    // Knows the limits of a container.
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    var total = system.getTotalMemorySize();
    var available = LinuxFiles.availableBytes();
    var own = ProcessMemory.anonymousBytes();
    var free = available.isPresent() ? available.getAsLong() : system.getFreeMemorySize();
    return new MachineMemory(total, Math.min(total, free + orHeap(own)));
  }

  private static long orHeap(OptionalLong own) {
    return own.orElseGet(() -> Runtime.getRuntime().totalMemory());
  }

  private static long parse(String text) {
    var unit =
        text.isEmpty() ? -1 : "kmg".indexOf(Character.toLowerCase(text.charAt(text.length() - 1)));
    try {
      var number = Long.parseLong(unit < 0 ? text : text.substring(0, text.length() - 1));
      return Math.multiplyExact(number, 1L << (10 * (unit + 1)));
    } catch (NumberFormatException | ArithmeticException e) {
      throw TrainException.settings(
          "-D%s=%s: a number of bytes is expected, such as 17179869184 or 16g."
              .formatted(PROPERTY, text));
    }
  }
}
