package org.bayu.finetune.command;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.Writer;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.Failure;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.run.RunRanks;
import picocli.CommandLine.Model.CommandSpec;

/** A command that all processes do together which a launcher started. */
final class AllProcesses {
  /** Rank 0 finds most mistakes of the others too, and says them in that time. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /** What a process does. It {@linkplain RunRanks#finish finishes} the communication. */
  @FunctionalInterface
  interface Work {
    /** Does it. */
    void run(RunRanks ranks) throws IOException;
  }

  private AllProcesses() {}

  /**
   * Does the work in this process. An error of one process ends all, and is said once.
   *
   * @param spec of the command, whose output only rank 0 shows
   * @return the exit code
   */
  static int run(CommandRunner runner, CommandSpec spec, Work work) throws IOException {
    var ranks = RunRanks.open(runner.environment());
    if (ranks.isWorker()) {
      spec.commandLine()
          .setOut(new PrintWriter(Writer.nullWriter()))
          .setErr(new PrintWriter(Writer.nullWriter()));
    }
    try {
      work.run(ranks);
      return ExitCode.DONE;
    } catch (Exception | Error e) {
      if (!ranks.areSeveral()) {
        throw e;
      }
      return endAll(runner, ranks, e);
    }
  }

  private static int endAll(CommandRunner runner, RunRanks ranks, Throwable thrown) {
    if (!ranks.isWorker()) {
      ranks.abort(runner.report(thrown));
    }
    LockSupport.parkNanos(PATIENCE.toNanos());
    var failure = Failure.of(thrown);
    var message = "Process %s: %s".formatted(ranks.rank(), failure.message());
    ranks.abort(runner.report(new UserException(failure.exitCode(), message, thrown)));
    return failure.exitCode();
  }
}
