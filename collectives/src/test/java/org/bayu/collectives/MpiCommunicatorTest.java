package org.bayu.collectives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bayu.collectives.Launch.Implementation;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Ranks under the launchers of Open MPI and MPICH. */
class MpiCommunicatorTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @EnumSource
  void ranksKeepTheContractAndTheJvmItsSignals(Implementation implementation) throws Exception {
    var ranks = launch(implementation, 3, "contract");
    assertEquals(0, ranks.exitCode(), ranks.output());
    assertTrue(ranks.output().contains("contract holds: 3 processes, " + implementation.title));
  }

  @ParameterizedTest
  @EnumSource
  void anEndWithoutAWordIsAFailureOfAllAndAnAbortHasItsExitCode(Implementation implementation)
      throws Exception {
    var exited = launch(implementation, 2, "exit");
    var aborted = launch(implementation, 2, "abort");
    assertEquals(CommunicationThread.NOT_FINISHED, exited.exitCode(), exited.output());
    assertEquals(42, aborted.exitCode(), aborted.output());
  }

  @ParameterizedTest
  @EnumSource
  void anAbortAfterTheEndHasItsExitCodeToo(Implementation implementation) throws Exception {
    var aborted = launch(implementation, 2, "abort-late");
    assertEquals(42, aborted.exitCode(), aborted.output());
  }

  @ParameterizedTest
  @EnumSource
  void aKilledRankOrLauncherLeavesNoRank(Implementation implementation) throws Exception {
    var withRank = launch(implementation, 2, "wait");
    var withLauncher = launch(implementation, 2, "wait");
    var other = withRank.rank(0);
    Launch.kill(withRank.rank(1));
    var left = List.of(withLauncher.rank(0), withLauncher.rank(1));
    Launch.kill(withLauncher.launcher());
    assertNotEquals(0, withRank.exitCode(), withRank.output());
    other.onExit().get(120, TimeUnit.SECONDS);
    for (var rank : left) {
      rank.onExit().get(120, TimeUnit.SECONDS);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anotherImplementationsLibraryIsRefused(Implementation implementation) throws Exception {
    var isOpenMpi = implementation == Implementation.OPEN_MPI;
    var other = isOpenMpi ? Implementation.MPICH : Implementation.OPEN_MPI;
    other.assumeThatItStarts();
    var library = Map.of("BAYU_MPI_LIBRARY", isOpenMpi ? "libmpich.so.12" : "libmpi.so.40");
    var ranks = Launch.of(implementation, 2, folder, library, "contract");
    assertNotEquals(0, ranks.exitCode());
    assertTrue(
        ranks
            .output()
            .contains(
                "refused: This process was started by "
                    + implementation.title
                    + "'s launcher as one of 2, but the MPI library found is "
                    + other.title),
        ranks.output());
  }

  private Launch launch(Implementation implementation, int ranks, String what) throws Exception {
    return Launch.of(implementation, ranks, folder, Map.of(), what);
  }
}
