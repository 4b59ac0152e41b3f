package org.bayu.remote.hub;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A file of a repository at a commit.
 *
 * @param path from the repository's root, with {@code /}
 * @param size bytes
 * @param blobId Git's name of what the repository stores: the file's, or that of its LFS pointer
 * @param sha256 of the file's bytes, if it is in LFS or Xet storage; null if Git stores it
 * @param xetHash the name that Xet storage gives it; null outside
 */
public record RepositoryFile(
    String path, long size, String blobId, @Nullable String sha256, @Nullable String xetHash) {
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{40}|[0-9a-f]{64}");
  private static final Pattern PART = Pattern.compile("[^/\\\\\\p{Cntrl}:]+");
  private static final int MAX_PATH = 1000;

  /**
   * Refuses what could lead out of a cache.
   *
   * @throws IllegalArgumentException if so
   */
  public RepositoryFile {
    if (!isSafe(path) || size < 0 || !isHash(blobId) || (sha256 != null && !isHash(sha256))) {
      throw new IllegalArgumentException("no file of a repository");
    }
  }

  private static boolean isSafe(String path) {
    return path.length() <= MAX_PATH
        && List.of(path.split("/", -1)).stream()
            .allMatch(
                part -> PART.matcher(part).matches() && !part.equals(".") && !part.equals(".."));
  }

  static boolean isHash(String text) {
    return HASH.matcher(text).matches();
  }

  /** The Hub's ETag of it, which names its blob in the cache. */
  String etag() {
    return sha256 == null ? blobId : sha256;
  }

  /** Whether it is in the repository's root and has this name. */
  boolean isNamed(String name) {
    return path.equals(name);
  }
}
