package org.bayu.remote.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.LongConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;

/** A repository at one commit: its files, those of them that the cache has, and the rest. */
public final class Snapshot {
  private static final int AT_ONCE = 4;

  private final Hub hub;
  private final HubRepository repository;
  private final String commit;
  private final List<RepositoryFile> files;
  private final boolean listed;
  private final CacheFolder cache;
  private final boolean online;

  Snapshot(
      Hub hub,
      HubRepository repository,
      String commit,
      List<RepositoryFile> files,
      boolean listed,
      CacheFolder cache,
      boolean online) {
    this.hub = hub;
    this.repository = repository;
    this.commit = commit;
    this.files = List.copyOf(files);
    this.listed = listed;
    this.cache = cache;
    this.online = online;
  }

  /** Whose files they are. */
  public HubRepository repository() {
    return repository;
  }

  /** The commit, 40 hexadecimal digits. */
  public String commit() {
    return commit;
  }

  /**
   * The repository's files; only those that the cache has where the Hub was not asked and no list
   * was kept.
   */
  public List<RepositoryFile> files() {
    return files;
  }

  /** Whether {@link #files} are all that the repository has. */
  boolean isListed() {
    return listed;
  }

  /** The file of that path, if the repository has it. */
  public Optional<RepositoryFile> file(String path) {
    return files.stream().filter(file -> file.isNamed(path)).findFirst();
  }

  /** The folder in which what was fetched stands under the repository's names. */
  public Path folder() {
    return cache.snapshot(commit);
  }

  /** The folder of the whole cache. */
  public Path cache() {
    return cache.cache();
  }

  /** Those of the files that the cache does not have. */
  public List<RepositoryFile> missing(List<RepositoryFile> wanted) {
    return wanted.stream()
        .filter(file -> Files.notExists(cache.file(commit, file.path())))
        .toList();
  }

  /** Bytes that are to be fetched for these files: what a break left counts as there. */
  public long bytesToFetch(List<RepositoryFile> wanted) throws IOException {
    var bytes = 0L;
    for (var file : missing(wanted)) {
      if (Files.notExists(cache.blob(file.etag()))) {
        var part = cache.incomplete(file.etag());
        bytes += file.size() - (Files.exists(part) ? Math.min(Files.size(part), file.size()) : 0);
      }
    }
    return bytes;
  }

  /** Bytes that are free where the cache is. */
  public long freeBytes() throws IOException {
    var folder = cache.cache();
    while (Files.notExists(folder) && folder.getParent() != null) {
      folder = folder.getParent();
    }
    return Files.getFileStore(folder).getUsableSpace();
  }

  /**
   * Fetches what the cache does not have of these files, several at a time, and checks size and
   * hash. A file that was cut off goes on where it ended.
   *
   * @param progress is told of bytes as they come; called by several threads, one at a time. The
   *     sum is that of the sizes of the files that {@link #missing} names
   * @return {@link #folder}
   * @throws HubException if a file cannot be had; the rest stays where it is, to go on from
   */
  public Path fetch(List<RepositoryFile> wanted, LongConsumer progress) throws IOException {
    var missing = missing(wanted);
    if (missing.isEmpty()) {
      return folder();
    }
    refuseIfOffline(missing);
    refuseWithoutRoom(missing);
    cache.create(commit);
    LongConsumer synchronizedProgress =
        more -> {
          synchronized (this) {
            progress.accept(more);
          }
        };
    // The largest first: the last ones to end are then small.
    var ordered =
        missing.stream().sorted(Comparator.comparingLong(RepositoryFile::size).reversed()).toList();
    all(ordered, synchronizedProgress);
    return folder();
  }

  /**
   * Refuses what there is no room for.
   *
   * @throws HubException if the disk has fewer bytes than are to be fetched
   */
  public void refuseWithoutRoom(List<RepositoryFile> wanted) throws IOException {
    var bytes = bytesToFetch(wanted);
    if (bytes > freeBytes()) {
      throw new HubException(
          Reason.NO_SPACE,
          String.format(
              Locale.ROOT,
              "%s takes %.1f GB more, and the disk of %s has %.1f GB free. Make room, or set"
                  + " HF_HUB_CACHE to a folder on another disk.",
              repository.id(),
              bytes * 1e-9,
              cache.cache(),
              freeBytes() * 1e-9));
    }
  }

  private void refuseIfOffline(List<RepositoryFile> missing) throws HubException {
    if (hub.client().environment().offline()) {
      var names = missing.stream().map(file -> Printable.name(file.path())).toList();
      throw new HubException(
          Reason.UNREACHABLE,
          "HF_HUB_OFFLINE is set, and %s does not have all of %s: %s."
              .formatted(cache.cache(), repository.id(), Printable.first(names, ", ")));
    }
  }

  private void all(List<RepositoryFile> ordered, LongConsumer progress) throws IOException {
    try (var threads =
        Executors.newFixedThreadPool(
            Math.min(AT_ONCE, ordered.size()),
            Thread.ofPlatform().daemon().name("download-", 0).factory())) {
      var running = new ArrayList<Future<?>>();
      for (var file : ordered) {
        running.add(
            threads.submit(
                () -> {
                  download(file, progress);
                  return null;
                }));
      }
      try {
        for (var each : running) {
          each.get();
        }
      } catch (ExecutionException e) {
        threads.shutdownNow();
        if (e.getCause() instanceof IOException failure) {
          throw failure;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        threads.shutdownNow();
        Thread.currentThread().interrupt();
        throw new HubException(Reason.OTHER, "The download was interrupted.", e);
      }
    }
  }

  private void download(RepositoryFile file, LongConsumer progress) throws IOException {
    new Download(
            hub.client(), cache, request(file, Request.PATIENT), commit, file, progress, hub::say)
        .run();
  }

  private Request request(RepositoryFile file, int tries) {
    var path = Stream.of(file.path().split("/")).map(Hub::encoded).collect(Collectors.joining("/"));
    var uri = hub.client().environment().at(repository.page() + "/resolve/" + commit + "/" + path);
    return Request.of(repository, file.path(), uri, online ? tries : 2);
  }

  /**
   * Some bytes of a file, from the cache or by a request for just these.
   *
   * @param from of the first byte
   * @param length at most so many; fewer where the file ends
   */
  public byte[] range(RepositoryFile file, long from, int length) throws IOException {
    var local = cache.file(commit, file.path());
    if (Files.exists(local)) {
      try (var in = Files.newInputStream(local)) {
        in.skipNBytes(from);
        return in.readNBytes(length);
      }
    }
    refuseIfOffline(List.of(file));
    var last = Math.min(file.size(), from + length) - 1;
    var headers = Map.of("Range", "bytes=" + from + "-" + last);
    var request = request(file, Request.PATIENT).with(() -> headers);
    return hub.client()
        .send(
            "GET",
            request,
            HubClient.Body.NONE,
            (response, _) -> {
              var in = response.body();
              if (response.status() != 206) {
                in.skipNBytes(from);
              }
              var bytes = in.readNBytes((int) (last - from + 1));
              if (bytes.length < last - from + 1) {
                throw new IOException("cut");
              }
              if (response.status() != 206) {
                response.abort(); // a server that knows no ranges sends the whole file
              }
              return bytes;
            });
  }
}
