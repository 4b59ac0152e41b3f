package org.bayu.remote.bucket;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.bayu.tensor.io.RemoteFiles;
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

  private final Path copies;
  private final Transfers transfers;

  /**
   * Buckets with copies in a folder.
   *
   * @param cache the folder, made when it is needed; there may be other things in it
   * @param messages takes a line before much is transferred
   */
  public Buckets(Path cache, Consumer<String> messages) {
    copies = real(cache.toAbsolutePath().normalize()).resolve("buckets");
    var versions = new LocalVersions(copies, copies.resolveSibling("bucket-versions"));
    transfers = new Transfers(versions, messages);
  }

  /** The path without links, as far as it exists: what others make of it is recognized. */
  private static Path real(Path path) {
    var parent = path.getParent();
    try {
      return Files.exists(path) || parent == null
          ? path.toRealPath()
          : real(parent).resolve(path.getFileName());
    } catch (IOException e) {
      return path;
    }
  }

  /**
   * Buckets with copies in a user's cache: {@code $BAYU_CACHE}, else {@code bayu} in {@code
   * $XDG_CACHE_HOME} or {@code ~/.cache}.
   *
   * @param environment the process's variables
   * @param home the user's folder
   * @param messages takes a line before much is transferred
   */
  public static Buckets of(Map<String, String> environment, Path home, Consumer<String> messages) {
    var own = environment.getOrDefault("BAYU_CACHE", "");
    if (!own.isEmpty()) {
      return new Buckets(Path.of(own), messages);
    }
    var caches = environment.getOrDefault("XDG_CACHE_HOME", "");
    return new Buckets(
        (caches.isEmpty() ? home.resolve(".cache") : Path.of(caches)).resolve("bayu"), messages);
  }

  /** Whether there is a provider for a scheme: on the class path, or in a jar beside Bayu's own. */
  public static boolean isInstalled(String scheme) {
    return Providers.find(scheme).isPresent();
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
    new Download(transfers).fetch(path, address, wanted);
  }

  /**
   * A file of a folder in a bucket.
   *
   * @param name its path in the folder
   * @param bytes its size there
   * @param isHere whether {@link #fetch} has nothing to fetch of it
   */
  public record StoredFile(String name, long bytes, boolean isHere) {}

  /**
   * The files that a folder has in its bucket; none if the path stands for no address.
   *
   * @param wanted which, by their paths in the folder
   */
  public List<StoredFile> files(Path folder, Predicate<String> wanted) throws IOException {
    var address = address(folder);
    return address == null ? List.of() : new Download(transfers).files(folder, address, wanted);
  }

  /**
   * Some bytes of a file, from the bucket; of a path that stands for no address, none.
   *
   * @param from of the first byte
   * @param length at most so many; fewer where the file ends
   */
  public byte[] range(Path path, long from, int length) throws IOException {
    var address = address(path);
    return address == null ? new byte[0] : ObjectStore.range(address, from, length);
  }

  @Override
  public void publish(Path path) throws IOException {
    var address = address(path);
    if (address == null) {
      return;
    }
    new Upload(transfers).publish(path, address);
  }

  /**
   * Tries to write beside a file or a folder that is to be, and deletes what it wrote.
   *
   * @throws BucketException if nothing can be written there
   */
  public void checkWritable(Path path) throws IOException {
    var address = address(path);
    if (address != null) {
      Upload.checkWritable(address);
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
    if (address != null) {
      new Upload(transfers).delete(path, address);
    }
  }
}
