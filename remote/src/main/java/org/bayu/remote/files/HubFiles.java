package org.bayu.remote.files;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.bayu.remote.hub.Hub;
import org.bayu.remote.hub.HubEnvironment;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.RepositoryFile;
import org.bayu.remote.hub.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * The Hub's files, with what whoever watches is told of them.
 *
 * @param messages takes a line before anything is fetched
 * @param watcher shows how far that is
 */
record HubFiles(Consumer<String> messages, DownloadWatcher watcher) {
  /**
   * A repository at a commit.
   *
   * @param commit null for that of the name
   * @param local what is missing here: "folder"
   */
  Snapshot find(
      HubEnvironment environment,
      HubRepository repository,
      HubName name,
      @Nullable String commit,
      String local)
      throws IOException {
    try {
      return Hub.of(environment, messages)
          .find(repository, commit == null ? name.revision() : commit);
    } catch (HubException e) {
      throw switch (e.reason()) {
        case NO_REPOSITORY, UNREACHABLE ->
            new NotFoundException(
                "There is no %s %s here. %s".formatted(local, name, e.getMessage()), e);
        default -> e;
      };
    }
  }

  /** Says what will be fetched, and fetches it; the folder with the files. */
  Path fetch(HubName name, Snapshot snapshot, List<RepositoryFile> files) throws IOException {
    say(name, snapshot, files);
    return fetchQuietly(snapshot, files);
  }

  /** Says what will be fetched, and refuses at once what the disk has no room for. */
  void say(HubName name, Snapshot snapshot, List<RepositoryFile> files) throws IOException {
    var what = "%s at commit %s".formatted(name, snapshot.commit());
    var bytes = snapshot.bytesToFetch(files);
    messages.accept(
        bytes == 0
            ? what + " is in " + snapshot.folder()
            : "%s: %s to fetch into %s, where %s are free."
                .formatted(what, size(bytes), snapshot.cache(), size(snapshot.freeBytes())));
    snapshot.refuseWithoutRoom(files);
  }

  /** Fetches files of which the user has been told. */
  Path fetchQuietly(Snapshot snapshot, List<RepositoryFile> files) throws IOException {
    var missing = snapshot.missing(files);
    if (missing.isEmpty()) {
      return snapshot.folder();
    }
    var total = missing.stream().mapToLong(RepositoryFile::size).sum();
    var before = total - snapshot.bytesToFetch(files);
    try (var shown = watcher.begin(total, before)) {
      var known = new long[] {before};
      return snapshot.fetch(
          files,
          more -> {
            var again = Math.min(more, known[0]); // counted as there before
            known[0] -= again;
            shown.accept(more - again);
          });
    }
  }

  /** Bytes as people read them. */
  private static String size(long bytes) {
    return bytes < 1_000_000
        ? String.format(Locale.ROOT, "%d kB", (bytes + 999) / 1000)
        : bytes < 1_000_000_000
            ? String.format(Locale.ROOT, "%.1f MB", bytes * 1e-6)
            : String.format(Locale.ROOT, "%.2f GB", bytes * 1e-9);
  }
}
