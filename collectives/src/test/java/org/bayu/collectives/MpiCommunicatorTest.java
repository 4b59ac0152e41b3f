package org.bayu.collectives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
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
    var ranks = Launch.of(implementation, 3, folder, Map.of(), "contract");
    assertEquals(0, ranks.exitCode(), ranks.output());
    assertTrue(ranks.output().contains("contract holds: 3 processes, " + implementation.title));
  }

  @ParameterizedTest
  @EnumSource
  void anEndWithoutAWordIsAFailureOfAll(Implementation implementation) throws Exception {
    var ranks = Launch.of(implementation, 2, folder, Map.of(), "exit");
    assertEquals(CommunicationThread.NOT_FINISHED, ranks.exitCode(), ranks.output());
  }

  @ParameterizedTest
  @EnumSource
  void anAbortEndsAllRanksWithItsExitCode(Implementation implementation) throws Exception {
    var ranks = Launch.of(implementation, 2, folder, Map.of(), "abort");
    assertEquals(42, ranks.exitCode(), ranks.output());
  }

  @ParameterizedTest
  @EnumSource
  void aKilledRankEndsAll(Implementation implementation) throws Exception {
    var ranks = Launch.of(implementation, 2, folder, Map.of(), "wait", folder.toString());
    var other = ranks.rank(folder, 0);
    Launch.kill(ranks.rank(folder, 1));
    assertNotEquals(0, ranks.exitCode(), ranks.output());
    other.onExit().get(120, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource
  void aKilledLauncherLeavesNoRank(Implementation implementation) throws Exception {
    var ranks = Launch.of(implementation, 2, folder, Map.of(), "wait", folder.toString());
    var first = ranks.rank(folder, 0);
    var second = ranks.rank(folder, 1);
    Launch.kill(ranks.launcher());
    first.onExit().get(120, TimeUnit.SECONDS);
    second.onExit().get(120, TimeUnit.SECONDS);
  }

  @ParameterizedTest
  @EnumSource
  void anotherImplementationsLibraryIsRefused(Implementation implementation) throws Exception {
    var isOpenMpi = implementation == Implementation.OPEN_MPI;
    var other = isOpenMpi ? Implementation.MPICH : Implementation.OPEN_MPI;
    other.assumeThatItStarts();
    var library = isOpenMpi ? "libmpich.so.12" : "libmpi.so.40";
    var ranks =
        Launch.of(implementation, 2, folder, Map.of("BAYU_MPI_LIBRARY", library), "contract");
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
}
