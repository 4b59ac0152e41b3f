package org.bayu.collectives;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** One rank of a test: what a launcher starts. */
final class RankMain {
  private static final int SIGSEGV = 11;

  private RankMain() {}

  /**
   * Arguments: what to do, and the folder that takes the process ids.
   *
   * @throws Throwable what does not hold
   */
  public static void main(String[] args) throws Throwable {
    var before = SignalActions.current();
    Communicator ranks;
    try {
      ranks = Communicators.open(System.getenv());
    } catch (CommunicatorException e) {
      System.out.println("refused: " + e.getMessage());
      System.exit(3);
      return;
    }
    switch (args[0]) {
      case "contract" -> {
        CommunicatorContract.check(ranks);
        if (handler(before) != handler(SignalActions.current()) || nullPointers() != 20_000) {
          throw new AssertionError("SIGSEGV is not the JVM's any more");
        }
        if (ranks.rank() == 0) {
          System.out.println("contract holds: " + ranks.description());
        }
        ranks.finish();
      }
      case "exit" -> {
        if (ranks.rank() == 1) {
          System.exit(0);
        }
        ranks.barrier();
      }
      case "abort" -> {
        if (ranks.rank() == 1) {
          // Another thread waits in a collective meanwhile.
          var _ = ranks.start(ranks::barrier);
          LockSupport.parkNanos(100_000_000);
          ranks.abort(42);
        }
        park();
      }
      case "abort-late" -> {
        ranks.finish();
        if (ranks.rank() == 1) {
          ranks.abort(42);
        }
      }
      case "wait" -> {
        note(Path.of(args[1]), ranks.rank());
        if (ranks.rank() == 1) {
          ranks.barrier();
        }
        park();
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  /** The address of the function that has SIGSEGV, the first field. */
  private static long handler(SignalActions actions) {
    return actions.action(SIGSEGV).get(ValueLayout.JAVA_LONG, 0);
  }

  private static void note(Path folder, int rank) throws IOException {
    var written = folder.resolve("writing-" + rank);
    Files.writeString(written, Long.toString(ProcessHandle.current().pid()));
    Files.move(written, folder.resolve("rank-" + rank));
  }

  private static void park() {
    while (true) {
      LockSupport.park();
    }
  }

  /** Null pointers that compiled code finds by SIGSEGV. */
  private static int nullPointers() {
    var found = 0;
    var lists = new ArrayList<@Nullable List<String>>();
    lists.add(null);
    for (var i = 0; i < 20_000; i++) {
      try {
        size(lists.get(0));
      } catch (NullPointerException e) {
        found++;
      }
    }
    return found;
  }

  @SuppressWarnings("NullAway") // that is the point
  private static int size(@Nullable List<String> list) {
    return list.size();
  }
}
