package org.bayu.finetune.model;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.finetune.error.ExitCode;
import org.bayu.finetune.error.UserException;
import org.bayu.finetune.terminal.Progress;
import org.bayu.remote.hub.Hub;
import org.bayu.remote.hub.HubEnvironment;
import org.bayu.remote.hub.HubException;
import org.bayu.remote.hub.HubName;
import org.bayu.remote.hub.HubRepository;
import org.bayu.remote.hub.RepositoryFile;
import org.bayu.remote.hub.Snapshot;
import org.jspecify.annotations.Nullable;

/**
 * The Hub as a command sees it: it says what is fetched, and shows how far that is.
 *
 * @param environment the process's variables
 * @param err is told
 */
record HubFiles(Map<String, String> environment, PrintWriter err) {
  /**
   * A repository at a commit.
   *
   * @param commit null for that of the name
   * @param local what is missing here: "folder"
   */
  Snapshot find(HubRepository repository, HubName name, @Nullable String commit, String local)
      throws IOException {
    var hub = Hub.of(HubEnvironment.of(environment, Models.home()), err::println);
    try {
      return hub.find(repository, commit == null ? name.revision() : commit);
    } catch (HubException e) {
      var isUnknown =
          e.reason() == HubException.Reason.NO_REPOSITORY
              || e.reason() == HubException.Reason.UNREACHABLE;
      if (isUnknown) {
        throw new UserException(
            ExitCode.INPUT_FILE,
            "There is no " + local + " " + name + " here. " + e.getMessage(),
            e);
      }
      throw e;
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
    err.println(
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
    try (var progress = Progress.ofBytes("fetch", total, err)) {
      progress.doneBefore(total - snapshot.bytesToFetch(files));
      var before = new long[] {total - snapshot.bytesToFetch(files)};
      return snapshot.fetch(
          files,
          more -> {
            var known = Math.min(more, before[0]); // counted above
            before[0] -= known;
            progress.advance(more - known);
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
