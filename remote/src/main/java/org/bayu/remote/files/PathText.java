package org.bayu.remote.files;

import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.bayu.remote.bucket.BucketAddress;
import org.bayu.remote.bucket.Buckets;
import org.bayu.tensor.io.Printable;

/** Paths as a configuration or an option writes them. */
record PathText(Buckets buckets) {
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+)://.*");

  /**
   * The path of a text: a local one, of a bucket's address that of its copy, or a URI of an
   * installed file system.
   */
  Path path(String text) {
    if (BucketAddress.is(text)) {
      var address = BucketAddress.parse(text);
      if (!Buckets.isInstalled(address.scheme())) {
        throw new IllegalArgumentException(
            "%1$s:// paths need bayu-%1$s.jar beside finetune-app.jar, or on the class path; ./mvnw -f optional package makes it"
                .formatted(address.scheme()));
      }
      return buckets.local(address);
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

  /** The text that {@link #path} makes the path of. */
  String text(Path path) {
    if (!path.getFileSystem().equals(FileSystems.getDefault())) {
      return path.toUri().toString();
    }
    var address = buckets.address(path);
    return address == null ? path.toString() : address.toString();
  }
}
