package org.bayu.collectives;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What started this process, as its environment variables tell.
 *
 * @param size number of processes that were started together; 0 if unknown
 * @param library the user's choice of a library; null for none
 */
record Launcher(Kind kind, int size, @Nullable String library) {
  /** The file of an MPI library in an unusual place. */
  static final String LIBRARY = "BAYU_MPI_LIBRARY";

  /** A kind of launcher, and the names of the libraries whose processes it can start. */
  enum Kind {
    NONE("no launcher"),
    OPEN_MPI("Open MPI's launcher", "libmpi.so.40", "libmpi_abi.so.0", "libmpi.so"),
    MPICH("MPICH's launcher", "libmpich.so.12", "libmpi.so.12", "libmpi_abi.so.0", "libmpi.so"),
    ANY(
        "the launcher",
        "libmpi.so.40",
        "libmpi.so.12",
        "libmpich.so.12",
        "libmpi_abi.so.0",
        "libmpi.so");

    private final String text;

    @SuppressWarnings("ImmutableEnumChecker") // of constants, and never changed
    private final List<String> libraries;

    Kind(String text, String... libraries) {
      this.text = text;
      this.libraries = List.of(libraries);
    }

    @Override
    public String toString() {
      return text;
    }
  }

  /** Reads the variables of Open MPI, MPICH, Slurm and PMIx, in this order. */
  static Launcher of(Map<String, String> environment) {
    var library = environment.get(LIBRARY);
    var openMpi = size(environment, "OMPI_COMM_WORLD_SIZE");
    if (openMpi > 0) {
      return new Launcher(Kind.OPEN_MPI, openMpi, library);
    }
    // Not SLURM_NTASKS, which a batch script has too: a process that it starts is alone.
    var slurm = size(environment, "SLURM_STEP_NUM_TASKS");
    var pmi = size(environment, "PMI_SIZE");
    if (pmi > 0) { // Slurm's PMI-2 starts Open MPI's processes as well
      return new Launcher(slurm > 0 ? Kind.ANY : Kind.MPICH, pmi, library);
    }
    if (slurm > 0) {
      return new Launcher(Kind.ANY, slurm, library);
    }
    return environment.containsKey("PMIX_RANK")
        ? new Launcher(Kind.ANY, 0, library)
        : new Launcher(Kind.NONE, 1, library);
  }

  private static int size(Map<String, String> environment, String name) {
    var text = environment.get(name);
    if (text == null) {
      return 0;
    }
    try {
      var size = Integer.parseInt(text);
      if (size > 0) {
        return size;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new CommunicatorException(
        "The environment variable " + name + " is not a number of processes: unset it.");
  }

  /** What to try to load, in this order. */
  List<String> libraries() {
    return library != null ? List.of(library) : kind.libraries;
  }

  /** Whether processes of a library with this ABI can be started by this launcher. */
  boolean fits(MpiAbi abi) {
    return switch (kind) {
      case OPEN_MPI -> abi.family() != MpiAbi.Family.MPICH;
      case MPICH -> abi.family() != MpiAbi.Family.OPEN_MPI;
      case NONE, ANY -> true;
    };
  }

  /** This process's place for a message. */
  String place() {
    return "This process was started by " + kind + (size > 0 ? " as one of " + size : "");
  }
}
