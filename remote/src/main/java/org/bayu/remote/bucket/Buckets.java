package org.bayu.remote.bucket;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.bayu.tensor.io.RemoteFiles;
import org.bayu.tensor.io.StagedPath;
import org.jspecify.annotations.Nullable;

/**
 * Files in buckets, each with a local path for its copy: {@code gs://bucket/name} has {@code
 * <cache>/buckets/gs/bucket/name}, and that local path stands for no other address. What works on
 * local files works on these: they are fetched before they are read, and published after they were
 * written.
 *
 * <p>A copy is fetched again only if size, or generation or ETag, of the object have changed. A
 * folder is published file by file, the largest first, {@code config.json} and the like after them,
 * and last of all the object {@value #MARKER}: a folder without {@code config.json} is a model to
 * nobody, and one with the marker is whole.
 *
 * <p>Objects keep no locks: two machines that write the same folder at once spoil it. Methods may
 * be called from any thread.
 */
public final class Buckets implements RemoteFiles {
  /** The last object of a folder that is published. */
  public static final String MARKER = ".bayu-complete";

  /** Of these, one makes a folder what it is, so they come after the others. */
  private static final Set<String> LAST =
      Set.of("config.json", "adapter_config.json", "checksums.json", "evaluation.json");

  private static final long WORTH_A_LINE = 64 << 20;

  private final Path copies;
  private final LocalVersions versions;
  private final Consumer<String> messages;

  /**
   * Buckets with copies in a folder.
   *
   * @param cache the folder, made when it is needed; there may be other things in it
   * @param messages takes a line before much is transferred
   */
  public Buckets(Path cache, Consumer<String> messages) {
    copies = cache.toAbsolutePath().normalize().resolve("buckets");
    versions = new LocalVersions(copies, copies.resolveSibling("bucket-versions"));
    this.messages = messages;
  }

  /**
   * Buckets with copies in this user's cache: the system property {@code bayu.cache}, else {@code
   * $BAYU_CACHE}, else {@code bayu} in {@code $XDG_CACHE_HOME} or {@code ~/.cache}.
   */
  public static Buckets ofThisUser(Consumer<String> messages) {
    var own = System.getProperty("bayu.cache", System.getenv("BAYU_CACHE"));
    if (own != null && !own.isEmpty()) {
      return new Buckets(Path.of(own), messages);
    }
    var caches = System.getenv("XDG_CACHE_HOME");
    return new Buckets(
        (caches == null || caches.isEmpty()
                ? Path.of(System.getProperty("user.home"), ".cache")
                : Path.of(caches))
            .resolve("bayu"),
        messages);
  }

  /** Whether the class path has a provider for a scheme. */
  public static boolean isInstalled(String scheme) {
    return ObjectStore.isInstalled(scheme);
  }

  /** The folder of all copies. */
  public Path folder() {
    return copies;
  }

  /** The local path of an address. */
  public Path local(BucketAddress address) {
    return copies.resolve(address.scheme()).resolve(address.bucket()).resolve(address.key());
  }

  /** The address that a local path stands for; null if it stands for none. */
  public @Nullable BucketAddress address(Path path) {
    var absolute = path.toAbsolutePath().normalize();
    if (!absolute.startsWith(copies)) {
      return null;
    }
    var names = new ArrayList<String>();
    copies.relativize(absolute).forEach(name -> names.add(name.toString()));
    return names.size() < 2 || !BucketAddress.SCHEMES.contains(names.getFirst())
        ? null
        : new BucketAddress(names.get(0), names.get(1), names.subList(2, names.size()));
  }

  @Override
  public boolean isRemote(Path path) {
    return address(path) != null;
  }

  @Override
  public boolean exists(Path path) throws IOException {
    var address = address(path);
    return address != null
        && (ObjectStore.version(address).isPresent() || !ObjectStore.list(address).isEmpty());
  }

  @Override
  public List<Path> list(Path folder) throws IOException {
    var address = address(folder);
    return address == null
        ? List.of()
        : ObjectStore.list(address).stream()
            .filter(entry -> !entry.name().equals(MARKER))
            .map(entry -> folder.resolve(entry.name()))
            .toList();
  }

  @Override
  public void fetch(Path path) throws IOException {
    fetch(path, _ -> true);
  }

  /**
   * As {@link #fetch(Path)}, of a folder only some files.
   *
   * @param wanted which, by their paths in the folder
   */
  public void fetch(Path path, Predicate<String> wanted) throws IOException {
    var address = address(path);
    if (address == null) {
      return;
    }
    var missing = new LinkedHashMap<String, ObjectStore.Version>();
    var single = ObjectStore.version(address);
    if (single.isPresent()) {
      find("", path, single.get(), missing);
    } else {
      var names =
          ObjectStore.files(address).stream()
              .filter(wanted.and(name -> !name.endsWith(MARKER)))
              .toList();
      for (var name : names) {
        var version = ObjectStore.version(address.resolve(name));
        if (version.isPresent()) {
          find(name, path, version.get(), missing);
        }
      }
      forget(path, wanted.and(name -> !names.contains(name)));
    }
    fetch(path, address, missing);
  }

  /** Adds a file to those that are missing, if it is. */
  private void find(
      String name,
      Path folder,
      ObjectStore.Version version,
      Map<String, ObjectStore.Version> missing)
      throws IOException {
    var local = name.isEmpty() ? folder : folder.resolve(name);
    var copy = versions.get(local);
    if (!Files.isRegularFile(local) || copy.isEmpty() || !copy.get().object().equals(version)) {
      missing.put(name, version);
    }
  }

  private void fetch(Path folder, BucketAddress address, Map<String, ObjectStore.Version> missing)
      throws IOException {
    var bytes = missing.values().stream().mapToLong(ObjectStore.Version::bytes).sum();
    announce("Fetching %s from " + address, missing.size(), bytes);
    FreeBytes.check(address, bytes, folder);
    for (var file : missing.entrySet()) {
      var name = file.getKey();
      if (name.isEmpty()) {
        fetch(address, folder, file.getValue());
      } else {
        fetch(address.resolve(name), folder.resolve(name), file.getValue());
      }
    }
  }

  private void fetch(BucketAddress address, Path local, ObjectStore.Version version)
      throws IOException {
    Files.createDirectories(local.getParent());
    try (var staged = StagedPath.file(local)) {
      ObjectStore.read(address, staged.path());
      var now = ObjectStore.version(address);
      if (!now.equals(Optional.of(version)) || Files.size(staged.path()) != version.bytes()) {
        throw new BucketException(address, "changed while it was read; try again");
      }
      staged.publish();
    }
    versions.put(local, LocalVersions.Copy.of(local, version));
  }

  /** Deletes copies, unchanged since they came, of what is no longer in the bucket. */
  private void forget(Path path, Predicate<String> isGone) throws IOException {
    for (var file : localFiles(path)) {
      var copy = versions.get(file);
      if (copy.isPresent()
          && copy.get().is(file)
          && isGone.test(path.relativize(file).toString())) {
        Files.delete(file);
        versions.remove(file);
      }
    }
  }

  private static List<Path> localFiles(Path path) throws IOException {
    if (Files.notExists(path)) {
      return List.of();
    }
    try (var files = Files.walk(path)) {
      return files
          .filter(Files::isRegularFile)
          .filter(file -> !String.valueOf(file.getFileName()).startsWith(".bayu-"))
          .toList();
    }
  }

  @Override
  public void publish(Path path) throws IOException {
    var address = address(path);
    if (address == null) {
      return;
    }
    if (Files.isDirectory(path)) {
      publishFolder(path, address);
    } else {
      publishFile(path, address);
    }
  }

  private void publishFolder(Path folder, BucketAddress address) throws IOException {
    var files = new ArrayList<Path>();
    var bytes = 0L;
    var sizes = new LinkedHashMap<Path, Long>();
    for (var file : localFiles(folder)) {
      sizes.put(file, Files.size(file));
      bytes += Files.size(file);
      files.add(file);
    }
    files.sort(
        Comparator.<Path, Boolean>comparing(
                file -> LAST.contains(String.valueOf(file.getFileName())))
            .thenComparing(sizes::get, Comparator.reverseOrder()));
    announce("Uploading %s to " + address, files.size(), bytes);
    var marker = address.resolve(MARKER);
    var there = ObjectStore.files(address);
    if (there.contains(MARKER)) {
      ObjectStore.delete(marker);
    }
    for (var name : there) {
      if (!Files.exists(folder.resolve(name))) {
        ObjectStore.delete(address.resolve(name));
        versions.remove(folder.resolve(name));
      }
    }
    for (var file : files) {
      publishFile(file, address.resolve(folder.relativize(file).toString()));
    }
    var _ =
        ObjectStore.write(
            marker, new ByteArrayInputStream("%s files\n".formatted(files.size()).getBytes(UTF_8)));
  }

  /** Uploads a file, unless its object is as it is. */
  private void publishFile(Path file, BucketAddress address) throws IOException {
    var known = versions.get(file);
    if (known.isPresent()
        && known.get().is(file)
        && ObjectStore.version(address).equals(known.map(LocalVersions.Copy::object))) {
      return;
    }
    // Before it is read: what is written meanwhile makes it another one.
    var size = Files.size(file);
    var changed = Files.getLastModifiedTime(file).toMillis();
    try (var in = Files.newInputStream(file)) {
      var version = ObjectStore.write(address, in);
      versions.put(file, new LocalVersions.Copy(version, size, changed));
    }
  }

  /**
   * Tries to write beside a file or a folder that is to be, and deletes what it wrote.
   *
   * @throws BucketException if nothing can be written there
   */
  public void checkWritable(Path path) throws IOException {
    var address = address(path);
    if (address == null) {
      return;
    }
    var names = address.names();
    var parent =
        new BucketAddress(
            address.scheme(), address.bucket(), names.subList(0, Math.max(0, names.size() - 1)));
    var probe = parent.resolve(".bayu-probe");
    var _ = ObjectStore.write(probe, new ByteArrayInputStream("may be deleted\n".getBytes(UTF_8)));
    try {
      ObjectStore.delete(probe);
    } catch (BucketException e) {
      // Who may write but not delete may train.
    }
  }

  /** Whether a folder was published, and all of it. */
  public boolean isWhole(Path folder) throws IOException {
    var address = address(folder);
    return address != null && ObjectStore.version(address.resolve(MARKER)).isPresent();
  }

  @Override
  public void delete(Path path) throws IOException {
    var address = address(path);
    if (address == null) {
      return;
    }
    if (ObjectStore.version(address).isPresent()) {
      ObjectStore.delete(address);
      versions.remove(path);
    }
    var names = ObjectStore.files(address);
    if (names.contains(MARKER)) {
      ObjectStore.delete(address.resolve(MARKER));
    }
    for (var name : names) {
      if (!name.equals(MARKER)) {
        ObjectStore.delete(address.resolve(name));
        versions.remove(path.resolve(name));
      }
    }
  }

  private void announce(String line, int files, long bytes) {
    if (bytes >= WORTH_A_LINE) {
      messages.accept(
          line.formatted(
              String.format(
                  Locale.ROOT,
                  "%s, %.1f GB,",
                  files == 1 ? "a file" : files + " files",
                  bytes / 1e9)));
    }
  }
}
