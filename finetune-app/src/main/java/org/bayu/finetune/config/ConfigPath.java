package org.bayu.finetune.config;

import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.bayu.remote.bucket.BucketAddress;
import org.bayu.remote.bucket.Buckets;
import org.bayu.tensor.io.Printable;

/**
 * A path as a configuration or an option writes it: a local one, the address of a bucket, for which
 * the local path of its copy stands, or a URI of another installed file system.
 */
public final class ConfigPath {
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+)://.*");

  private ConfigPath() {}

  /**
   * The path of a text.
   *
   * @throws IllegalArgumentException that says why it is none, without the full stop
   */
  public static Path parse(String text) {
    if (BucketAddress.is(text)) {
      return bucket(BucketAddress.parse(text));
    }
    var scheme = SCHEME.matcher(text);
    try {
      return scheme.matches() ? Path.of(URI.create(text)) : Path.of(text);
    } catch (FileSystemNotFoundException e) {
      throw new IllegalArgumentException(
          "%s is on a file system (%s://) that is not installed; copy it here and give its path"
              .formatted(Printable.name(text), scheme.group(1)),
          e);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          Printable.quote(text)
              + (scheme.matches()
                  ? " is no address of a file; write its path"
                  : " cannot be a path on this system"),
          e);
    }
  }

  private static Path bucket(BucketAddress address) {
    var scheme = address.scheme();
    if (!Buckets.isInstalled(scheme)) {
      throw new IllegalArgumentException(
          "%s:// paths need bayu-%s.jar beside finetune-app.jar; ./mvnw -f optional package makes it"
              .formatted(scheme, scheme));
    }
    return Buckets.ofThisUser(line -> {}).local(address);
  }

  /** The text that {@link #parse} makes the path of. */
  public static String text(Path path) {
    if (!path.getFileSystem().equals(FileSystems.getDefault())) {
      return path.toUri().toString();
    }
    var address = Buckets.ofThisUser(line -> {}).address(path);
    return address == null ? path.toString() : address.toString();
  }
}
