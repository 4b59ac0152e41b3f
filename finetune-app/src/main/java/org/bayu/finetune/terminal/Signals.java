package org.bayu.finetune.terminal;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * What happens on SIGINT (Ctrl-C) and SIGTERM, until {@link #close}: the first one runs an action
 * and ends the process with 128 and the signal's number, by {@link System#exit}. A second one of
 * the same kind ends the process at once.
 *
 * <p>A second signal of the other kind ends it at once too, unless the launcher started this
 * process: a Ctrl-C then arrives twice, as SIGINT from the terminal and as SIGTERM from the
 * launcher.
 *
 * {@snippet :
 * try (var _ = Signals.handle(exitCode -> save())) {
 *   train();
 * }
 * }
 *
 * <p>Where signals cannot be handled (another operating system or JVM, {@code -Xrs}), nothing
 * changes.
 */
public final class Signals implements AutoCloseable {

  /** What the first signal runs, on a thread of its own. */
  @FunctionalInterface
  public interface Action {
    /**
     * Does what is to be done before the process ends.
     *
     * @param exitCode with which it will end
     */
    void run(int exitCode);
  }

  private final @Nullable Action action;
  private final boolean isLaunched;
  private final List<SignalHandling> handlings = new ArrayList<>();
  private final Set<SignalHandling.Kind> seen = EnumSet.noneOf(SignalHandling.Kind.class);

  private Signals(@Nullable Action action, boolean isLaunched) {
    this.action = action;
    this.isLaunched = isLaunched;
  }

  /** Handles the signals from now on. */
  public static Signals handle(Action action) {
    return begin(action);
  }

  /** From now on the first signal does nothing: another process sees to the end of this one. */
  public static Signals leaveToOthers() {
    return begin(null);
  }

  private static Signals begin(@Nullable Action action) {
    var signals = new Signals(action, Boolean.getBoolean("bayu.launched"));
    for (var kind : SignalHandling.Kind.values()) {
      SignalHandling.begin(kind, () -> signals.arrived(kind)).ifPresent(signals.handlings::add);
    }
    return signals;
  }

  /**
   * Ends this process as a SIGTERM does; may return before it has ended.
   *
   * @param exitCode of the process where signals cannot be sent
   */
  public static void terminate(int exitCode) {
    if (!SignalHandling.raise(SignalHandling.Kind.TERM)) {
      System.exit(exitCode);
    }
  }

  private synchronized void arrived(SignalHandling.Kind kind) {
    var isFirst = seen.isEmpty();
    if (!isFirst && (!isLaunched || seen.contains(kind))) {
      Runtime.getRuntime().halt(kind.exitCode());
    }
    seen.add(kind);
    var ending = action;
    if (isFirst && ending != null) {
      new Thread(() -> end(ending, kind.exitCode()), "bayu-signal").start();
    }
  }

  private static void end(Action action, int exitCode) {
    try {
      action.run(exitCode);
    } finally {
      System.exit(exitCode);
    }
  }

  /** Whether the process is ending. */
  private synchronized boolean isEnding() {
    return action != null && !seen.isEmpty();
  }

  /** Handles signals as before. Does not return if one has begun to end the process. */
  @Override
  public void close() {
    if (!isEnding()) {
      handlings.forEach(SignalHandling::end);
    }
    while (isEnding()) {
      LockSupport.park(this);
    }
  }
}
