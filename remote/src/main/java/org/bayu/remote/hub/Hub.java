package org.bayu.remote.hub;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.bayu.remote.hub.HubException.Reason;
import org.bayu.tensor.io.Printable;
import org.jspecify.annotations.Nullable;

/**
 * The Hugging Face Hub behind its local cache, which is that of Python's {@code huggingface_hub}:
 * what one has fetched, the other finds.
 *
 * {@snippet :
 * var hub = Hub.of(HubEnvironment.ofProcess(), System.err::println);
 * var name = HubName.parse("meta-llama/Llama-2-7b-hf").orElseThrow();
 * var snapshot = hub.find(HubRepository.model(name), name.revision());
 * Path folder = snapshot.fetch(ModelFiles.model(snapshot), bytes -> {});
 * }
 *
 * <p>Without a network, or where the Hub does not answer, what the cache has is used. Safe for any
 * number of threads and processes.
 */
public final class Hub {
  private static final Pattern HEX = Pattern.compile("[0-9a-f]+");

  private final HubClient client;
  private final Consumer<String> messages;

  private Hub(HubClient client, Consumer<String> messages) {
    this.client = client;
    this.messages = messages;
  }

  /**
   * The Hub of an environment. Nothing is asked yet.
   *
   * @param messages takes sentences for whoever watches; called by any thread
   */
  public static Hub of(HubEnvironment environment, Consumer<String> messages) {
    return of(environment, messages, Thread::sleep);
  }

  /** The same with another way to wait between tries. */
  public static Hub of(HubEnvironment environment, Consumer<String> messages, Pause pause) {
    return new Hub(new HubClient(environment, pause), messages);
  }

  HubClient client() {
    return client;
  }

  void say(String message) {
    messages.accept(message);
  }

  /**
   * Finds the commit of a revision, and its files. Asks the Hub, unless the revision is a commit
   * whose files are known.
   *
   * @param revision a branch, a tag or a commit
   * @throws HubException if there is none, or neither the Hub nor the cache can say
   * @throws IOException if the cache cannot be read or written
   */
  public Snapshot find(HubRepository repository, String revision) throws IOException {
    var cache = new CacheFolder(client.environment().cache(), repository);
    var cached = cached(repository, revision, cache);
    if (client.environment().offline()) {
      return cached.orElseThrow(() -> offline(repository, revision));
    }
    if (CacheFolder.isCommit(revision) && cached.isPresent() && cached.get().isListed()) {
      return cached.get();
    }
    try {
      return ask(repository, revision, cache, cached.isPresent() ? 1 : Request.PATIENT);
    } catch (HubException e) {
      if (cached.isEmpty() || e.reason() == Reason.NO_REVISION) {
        throw e;
      }
      messages.accept(
          "%s Going on with what the cache has of %s, commit %s."
              .formatted(e.getMessage(), repository.id(), cached.get().commit()));
      return cached.get();
    }
  }

  private HubException offline(HubRepository repository, String revision) {
    return new HubException(
        Reason.UNREACHABLE,
        "HF_HUB_OFFLINE is set, and %s does not have the %s %s%s."
            .formatted(
                client.environment().cache(),
                repository.type(),
                repository.id(),
                revision.equals(HubName.MAIN) ? "" : " at " + Printable.name(revision)));
  }

  private Optional<Snapshot> cached(HubRepository repository, String revision, CacheFolder cache)
      throws IOException {
    var commit = cache.commit(revision);
    if (commit.isEmpty() || !Files.isDirectory(cache.snapshot(commit.get()))) {
      return Optional.empty();
    }
    var list = FileList.read(cache.tree(commit.get()));
    var files = list.isPresent() ? list.get() : stored(cache.snapshot(commit.get()));
    return Optional.of(
        new Snapshot(this, repository, commit.get(), files, list.isPresent(), cache, false));
  }

  private Snapshot ask(HubRepository repository, String revision, CacheFolder cache, int tries)
      throws IOException {
    var info =
        Request.of(
            repository,
            revision,
            client.environment().at(repository.api() + "/revision/" + encoded(revision)),
            tries);
    var commit = client.json(info).json().path("sha").asText();
    if (!CacheFolder.isCommit(commit)) {
      throw HubFailures.unreadable(info, null);
    }
    var known = FileList.read(cache.tree(commit));
    var files = known.isPresent() ? known.get() : list(repository, commit, tries);
    try {
      cache.create(commit);
      if (known.isEmpty()) {
        FileList.write(cache.tree(commit), files);
      }
      cache.note(revision, commit);
    } catch (IOException e) {
      // A cache that cannot be written may have all that is needed; else fetching says so.
    }
    return new Snapshot(this, repository, commit, files, true, cache, true);
  }

  private List<RepositoryFile> list(HubRepository repository, String commit, int tries)
      throws HubException {
    var files = new ArrayList<RepositoryFile>();
    var path = repository.api() + "/tree/" + commit + "?recursive=true&expand=false";
    for (var next = Optional.of(client.environment().at(path)); next.isPresent(); ) {
      var request = Request.of(repository, commit, next.get(), tries);
      var page = client.json(request);
      try {
        files.addAll(FileList.ofAnswer(page.json()));
      } catch (IllegalArgumentException e) {
        throw HubFailures.unreadable(request, e);
      }
      next = page.next();
    }
    files.sort(Comparator.comparing(RepositoryFile::path));
    return files;
  }

  /** One part of a path, in which a slash is no separator. */
  static String encoded(String part) {
    return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** The files of a snapshot of which no list was kept: those that are there. */
  private static List<RepositoryFile> stored(Path snapshot) throws IOException {
    var files = new ArrayList<RepositoryFile>();
    try (var all = Files.walk(snapshot)) {
      for (var file : (Iterable<Path>) all.filter(Files::isRegularFile).sorted()::iterator) {
        files.add(stored(snapshot.relativize(file).toString().replace('\\', '/'), file));
      }
    }
    return files;
  }

  private static RepositoryFile stored(String path, Path file) throws IOException {
    var name = String.valueOf(file.toRealPath().getFileName());
    var hash = HEX.matcher(name).matches() ? name : "";
    @Nullable String sha256 = hash.length() == 64 ? hash : null;
    var unknown = HexFormat.of().formatHex(new byte[20]);
    return new RepositoryFile(
        path, Files.size(file), hash.length() == 40 ? hash : unknown, sha256, null);
  }
}
