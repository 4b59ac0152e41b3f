package org.bayu.remote.bucket;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Objects in buckets, by the few methods of {@code java.nio.file} that the providers of both
 * schemes have and that mean the same. So nothing here asks whether a path exists: one provider
 * says that every path with a slash at its end does, and the other that nothing does while the
 * network is down. No folder is made or deleted: to one provider that means nothing, and the other
 * deletes all below it.
 */
final class ObjectStore {
  private ObjectStore() {}

  /**
   * What tells an object from those that had its name before.
   *
   * @param bytes its size
   * @param key its generation or ETag, and when it was written
   */
  record Version(long bytes, String key) {}

  /** Something in a folder. */
  record Entry(String name, boolean isFolder) {}

  private static Path path(BucketAddress address) {
    var uri = URI.create(address.scheme() + "://" + address.bucket() + "/");
    var root = Providers.find(address.scheme()).orElseThrow().getPath(uri);
    return address.names().isEmpty() ? root : root.resolve(address.key());
  }

  /** An object's version; empty if there is none, although there may be a folder of its name. */
  static Optional<Version> version(BucketAddress address) throws BucketException {
    if (address.names().isEmpty()) {
      return Optional.empty();
    }
    try (var _ = Providers.use()) {
      var attributes = Files.readAttributes(path(address), BasicFileAttributes.class);
      return attributes.isDirectory()
          ? Optional.empty()
          : Optional.of(
              new Version(
                  attributes.size(),
                  attributes.fileKey() + " " + attributes.lastModifiedTime().toMillis()));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | RuntimeException e) {
      throw new BucketException(address, "cannot be read", e);
    }
  }

  /** What is in a folder, in no order. */
  static List<Entry> list(BucketAddress folder) throws BucketException {
    try (var _ = Providers.use();
        var entries = Files.newDirectoryStream(path(folder))) {
      var list = new ArrayList<Entry>();
      for (var entry : entries) {
        var name = String.valueOf(entry.getFileName()).replaceFirst("/$", "");
        if (!name.isEmpty()) {
          list.add(new Entry(name, entry.toString().endsWith("/")));
        }
      }
      return list;
    } catch (IOException | RuntimeException e) {
      throw new BucketException(folder, "cannot be listed", e);
    }
  }

  /** The names of all objects below a folder, as paths in it. */
  static List<String> files(BucketAddress folder) throws BucketException {
    var files = new ArrayList<String>();
    for (var entry : list(folder)) {
      if (entry.isFolder) {
        for (var below : files(folder.resolve(entry.name))) {
          files.add(entry.name + "/" + below);
        }
      } else {
        files.add(entry.name);
      }
    }
    return files;
  }

  /** Some bytes of an object; fewer where it ends. */
  static byte[] range(BucketAddress address, long from, int length) throws BucketException {
    try (var _ = Providers.use();
        var channel = Files.newByteChannel(path(address))) {
      return Channels.newInputStream(channel.position(from)).readNBytes(length);
    } catch (IOException | RuntimeException e) {
      throw new BucketException(address, "cannot be read", e);
    }
  }

  /** Copies an object to a local file, which may have the first bytes of it already. */
  static void read(BucketAddress address, Path file) throws IOException {
    try (var _ = Providers.use();
        var channel = Files.newByteChannel(path(address));
        var copy = FileChannel.open(file, CREATE, WRITE)) {
      var from = copy.size();
      if (from > 0) {
        channel.position(from);
        copy.position(from);
      }
      Channels.newInputStream(channel).transferTo(Channels.newOutputStream(copy));
    } catch (IOException | RuntimeException e) {
      throw new BucketException(address, "cannot be read", e);
    }
  }

  /** Writes an object, or replaces it, with as many bytes as the version that is returned has. */
  static Version write(BucketAddress address, InputStream content) throws IOException {
    long bytes;
    try (var _ = Providers.use()) {
      // Closed where all is written only: closing makes an object of what has been written.
      var out = Files.newOutputStream(path(address));
      bytes = content.transferTo(out);
      out.close();
    } catch (IOException | RuntimeException e) {
      throw new BucketException(address, "cannot be written", e);
    }
    var version = version(address);
    if (version.isEmpty() || version.get().bytes() != bytes) {
      throw new BucketException(
          address,
          "has %s bytes after %s were written"
              .formatted(version.map(v -> Long.toString(v.bytes())).orElse("no"), bytes));
    }
    return version.get();
  }

  /** Deletes an object, if it is there. */
  static void delete(BucketAddress address) throws BucketException {
    try (var _ = Providers.use()) {
      Files.deleteIfExists(path(address));
    } catch (IOException | RuntimeException e) {
      throw new BucketException(address, "cannot be deleted", e);
    }
  }
}
