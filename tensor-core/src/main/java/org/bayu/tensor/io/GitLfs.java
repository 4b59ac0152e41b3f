package org.bayu.tensor.io;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * The small text files that stand for large ones in a repository cloned without Git LFS.
 *
 * @see <a href="https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md">the specification</a>
 */
public final class GitLfs {
  /** How many of a file's first bytes {@link #refusePointer} needs to see. */
  public static final int POINTER_BYTES = 512;

  private static final String VERSION = "version https://git-lfs.github.com/spec/v1";
  private static final Pattern SIZE = Pattern.compile("\nsize (\\d{1,18})\\s");

  private GitLfs() {}

  /**
   * Refuses a pointer that is there instead of the file.
   *
   * @param start the file's first bytes, {@value #POINTER_BYTES} of them or all; more do no harm
   */
  public static void refusePointer(Path file, byte[] start) throws MalformedFileException {
    var text = new String(start, 0, Math.min(start.length, POINTER_BYTES), ISO_8859_1);
    if (!text.startsWith(VERSION)) {
      return;
    }
    var size = SIZE.matcher(text);
    throw new MalformedFileException(
        file,
        "is a Git LFS pointer, which only stands for the file%s: run 'git lfs pull' in its folder to fetch it"
            .formatted(size.find() ? " of " + size.group(1) + " bytes" : ""));
  }
}
