package org.bayu.finetune.config;

import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.bayu.tensor.io.Printable;

/** A path as a configuration writes it: a local one, or a URI of an installed file system. */
public final class ConfigPath {
  private static final Pattern SCHEME = Pattern.compile("([A-Za-z][A-Za-z0-9+.-]+)://.*");

  private ConfigPath() {}

  /**
   * The path of a text.
   *
   * @throws IllegalArgumentException that says why it is none, without the full stop
   */
  public static Path parse(String text) {
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

  /** The text that {@link #parse} makes the path of. */
  static String text(Path path) {
    return path.getFileSystem().equals(FileSystems.getDefault())
        ? path.toString()
        : path.toUri().toString();
  }
}
