package org.bayu.train;

import java.util.Locale;
import org.bayu.collectives.Communicator;
import org.bayu.collectives.Communicators;

/**
 * How the processes of a training work together. So many neighbouring ranks as a model has parts
 * are a group: they hold a model together, and compute each micro-batch together. The groups share
 * the micro-batches of a batch.
 *
 * @param data the processes that have the same part of the model, one of each group, in the order
 *     of the groups
 * @param model the processes of this group, in the order of the parts
 */
public record ProcessGroups(Communicator data, Communicator model) {
  /** A process alone. */
  public static ProcessGroups alone() {
    return of(Communicators.alone(), 1);
  }

  /**
   * Forms groups. Collective.
   *
   * @param ranks all processes; remains the caller's, who ends the groups with it
   * @param parts of the model; 1 if each process has all of it
   * @throws IllegalArgumentException if the processes cannot be divided so
   */
  public static ProcessGroups of(Communicator ranks, int parts) {
    if (parts < 1 || ranks.size() % parts != 0) {
      throw new IllegalArgumentException(
          String.format(Locale.ROOT, "%d processes are no groups of %d", ranks.size(), parts));
    }
    var rank = ranks.rank();
    return parts == 1
        ? new ProcessGroups(ranks, Communicators.alone())
        : new ProcessGroups(ranks.split(rank % parts, rank), ranks.split(rank / parts, rank));
  }

  /** The number of all processes. */
  public int processes() {
    return data.size() * model.size();
  }
}
