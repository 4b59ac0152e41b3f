package org.bayu.collectives;

import java.util.Map;

/** Finds out which processes were started together, and connects them. */
public final class Communicators {
  private Communicators() {}

  /**
   * The communicator of all processes that a launcher ({@code mpirun}, {@code srun}) started
   * together. A process that was started without one, or as the only one, is alone: no library is
   * then loaded.
   *
   * <p>Once in a process: MPI cannot be started again after {@link Communicator#finish}. If the JVM
   * ends before that, a shutdown hook halts it with the exit code {@value
   * CommunicationThread#NOT_FINISHED}, so that no launcher takes it for success.
   *
   * @param environment the process's environment variables
   * @throws CommunicatorException if there is no MPI library, or not the launcher's
   */
  public static Communicator open(Map<String, String> environment) {
    var launcher = Launcher.of(environment);
    return launcher.size() == 1 ? new Alone() : MpiCommunicator.world(launcher);
  }

  /** A process alone, whatever started it. */
  public static Communicator alone() {
    return new Alone();
  }
}
