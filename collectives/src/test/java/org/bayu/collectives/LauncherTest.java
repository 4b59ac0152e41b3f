package org.bayu.collectives;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

class LauncherTest {
  @Test
  void theVariablesTellTheLauncher() {
    assertLauncher(Launcher.Kind.NONE, 1, Map.of("SLURM_NTASKS", "8"));
    assertLauncher(
        Launcher.Kind.OPEN_MPI, 2, Map.of("OMPI_COMM_WORLD_SIZE", "2", "PMIX_RANK", "0"));
    assertLauncher(Launcher.Kind.MPICH, 3, Map.of("PMI_SIZE", "3", "PMI_RANK", "1"));
    assertLauncher(Launcher.Kind.ANY, 4, Map.of("SLURM_STEP_NUM_TASKS", "4", "PMI_SIZE", "4"));
    assertLauncher(Launcher.Kind.ANY, 5, Map.of("SLURM_STEP_NUM_TASKS", "5"));
    assertLauncher(Launcher.Kind.ANY, 0, Map.of("PMIX_RANK", "0"));
  }

  private static void assertLauncher(Launcher.Kind kind, int size, Map<String, String> variables) {
    assertEquals(new Launcher(kind, size, null), Launcher.of(variables));
  }

  @Test
  void aVariableThatIsNoNumberIsNamed() {
    var e =
        assertThrows(
            CommunicatorException.class, () -> Launcher.of(Map.of("PMI_SIZE", "\u001b[1mmany")));
    assertEquals(
        "The environment variable PMI_SIZE is not a number of processes: unset it.",
        e.getMessage());
  }

  @Test
  void aMissingLibraryIsNamed() {
    assumeTrue(System.getProperty("os.name").equals("Linux"), "MPI is for Linux");
    var variables = Map.of("OMPI_COMM_WORLD_SIZE", "2", Launcher.LIBRARY, "/nowhere/libmpi.so");
    var e = assertThrows(CommunicatorException.class, () -> Communicators.open(variables));
    assertEquals(
        "This process was started by Open MPI's launcher as one of 2, but no MPI library can be"
            + " loaded (/nowhere/libmpi.so: cannot open shared object file: No such file or"
            + " directory). Install the launcher's, or set BAYU_MPI_LIBRARY to its file.",
        e.getMessage());
  }
}
