package org.bayu.remote.hub;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.regex.Pattern;
import org.bayu.tensor.io.FileLocks;

/**
 * A repository's folder in the cache, in the layout of {@code huggingface_hub}:
 *
 * <pre>
 * CACHEDIR.TAG
 * .locks/models--org--name/&lt;etag&gt;.lock
 * models--org--name/refs/main                      the commit, without a line end
 * models--org--name/trees/&lt;commit&gt;.json            the files of a commit
 * models--org--name/blobs/&lt;etag&gt;                   the bytes
 * models--org--name/blobs/&lt;etag&gt;.incomplete        the first of them, to go on from
 * models--org--name/snapshots/&lt;commit&gt;/config.json -&gt; ../../blobs/&lt;etag&gt;
 * </pre>
 */
final class CacheFolder {
  private static final String TAG =
      """
      Signature: 8a477f597d28d172789f06886806bc55
      # This file is a cache directory tag created by huggingface_hub.
      # For information about cache directory tags, see:
      #\thttps://bford.info/cachedir/
      """;
  private static final Pattern COMMIT = Pattern.compile("[0-9a-f]{40}");
  private static final int MAX_REF = 100;

  private final Path cache;
  private final HubRepository repository;
  private final Path folder;

  CacheFolder(Path cache, HubRepository repository) {
    this.cache = cache;
    this.repository = repository;
    folder = cache.resolve(repository.folder());
  }

  static boolean isCommit(String text) {
    return COMMIT.matcher(text).matches();
  }

  /** Where the cache is. */
  Path cache() {
    return cache;
  }

  /** The commit that a branch or tag had when it was last asked for; a commit is itself. */
  Optional<String> commit(String revision) throws IOException {
    if (isCommit(revision)) {
      return Optional.of(revision);
    }
    var ref = ref(revision);
    return ref.isPresent() && Files.isRegularFile(ref.get()) && Files.size(ref.get()) < MAX_REF
        ? Optional.of(Files.readString(ref.get()).strip()).filter(CacheFolder::isCommit)
        : Optional.empty();
  }

  /** Notes the commit of a branch or tag. */
  void note(String revision, String commit) throws IOException {
    if (revision.equals(commit) || commit(revision).filter(commit::equals).isPresent()) {
      return;
    }
    var ref = ref(revision);
    if (ref.isPresent()) {
      replace(ref.get(), commit);
    }
  }

  /** The file of a revision, if its name stays in the folder. */
  private Optional<Path> ref(String revision) {
    var refs = folder.resolve("refs");
    return Optional.of(refs.resolve(revision).normalize())
        .filter(ref -> ref.startsWith(refs) && !ref.equals(refs));
  }

  /** The list of a commit's files. */
  Path tree(String commit) {
    return folder.resolve("trees").resolve(commit + ".json");
  }

  /** The folder of a commit's files. */
  Path snapshot(String commit) {
    return folder.resolve("snapshots").resolve(commit);
  }

  /** A file of a commit, which may not be there. */
  Path file(String commit, String path) {
    return snapshot(commit).resolve(path);
  }

  /** The bytes of a file, which may not be there. */
  Path blob(String etag) {
    return folder.resolve("blobs").resolve(etag);
  }

  /** The first bytes of a file that was not fetched to its end, which may not be there. */
  Path incomplete(String etag) {
    return folder.resolve("blobs").resolve(etag + ".incomplete");
  }

  /** Makes the folders for a commit's files. */
  void create(String commit) throws IOException {
    Files.createDirectories(folder.resolve("blobs"));
    Files.createDirectories(snapshot(commit));
    Files.createDirectories(locks());
    var tag = cache.resolve("CACHEDIR.TAG");
    if (Files.notExists(tag)) {
      Files.writeString(tag, TAG);
    }
  }

  private Path locks() {
    return cache.resolve(".locks").resolve(repository.folder());
  }

  /** Takes the lock of a blob, which Python's client respects; empty if somebody holds it. */
  Optional<Closeable> tryLock(String etag) throws IOException {
    return FileLocks.tryLock(locks().resolve(etag + ".lock"));
  }

  /** Lets a file of a commit be the blob, by a relative link where the system has links. */
  void link(String commit, String path, String etag) throws IOException {
    var file = file(commit, path);
    if (Files.exists(file)) {
      return;
    }
    var parent = Objects.requireNonNull(file.getParent());
    Files.createDirectories(parent);
    Files.deleteIfExists(file); // a link to a blob that is gone
    var blob = blob(etag);
    try {
      Files.createSymbolicLink(file, parent.relativize(blob));
    } catch (FileAlreadyExistsException e) {
      // by another process just now
    } catch (UnsupportedOperationException | IOException e) {
      Files.createLink(file, blob); // Windows lets only some users make symbolic links
    }
  }

  /** Writes a small file whole or not at all. */
  static void replace(Path file, String text) throws IOException {
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    var random = HexFormat.of().toHexDigits(new Random().nextInt());
    var written = file.resolveSibling(file.getFileName() + "." + random + ".tmp");
    try {
      Files.writeString(written, text);
      move(written, file);
    } finally {
      Files.deleteIfExists(written);
    }
  }

  static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
