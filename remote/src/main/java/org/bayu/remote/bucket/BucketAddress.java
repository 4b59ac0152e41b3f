package org.bayu.remote.bucket;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.bayu.tensor.io.Printable;

/**
 * The address of an object or a folder in a bucket: {@code gs://bucket/folder/name}. It is taken
 * literally; nothing in it is an escape.
 *
 * @param scheme {@code gs} or {@code s3}
 * @param bucket the bucket's name
 * @param names of the folders and the object in it; none for the whole bucket
 */
public record BucketAddress(String scheme, String bucket, List<String> names) {
  /** The schemes of buckets. */
  public static final List<String> SCHEMES = List.of("gs", "s3");

  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]");

  /** An address whose parts are as {@link #parse} makes them. */
  public BucketAddress {
    names = List.copyOf(names);
  }

  /** Whether a text begins as an address of a bucket does. */
  public static boolean is(String text) {
    return SCHEMES.stream().anyMatch(scheme -> text.startsWith(scheme + "://"));
  }

  /**
   * The address that a text is. A slash at its end makes no difference.
   *
   * @throws IllegalArgumentException that says why it is none, without the full stop
   */
  public static BucketAddress parse(String text) {
    if (!is(text)) {
      throw bad(text, "is no address in a bucket");
    }
    var scheme = text.substring(0, text.indexOf(':'));
    var path = text.substring(scheme.length() + "://".length());
    var parts = Arrays.asList(path.replaceFirst("/$", "").split("/", -1));
    if (!BUCKET.matcher(parts.getFirst()).matches()) {
      // It may hold a password: it is not repeated.
      throw new IllegalArgumentException(
          "the address behind %s:// must begin with the name of a bucket: 3 or more of a-z, 0-9, '-', '_' and '.'"
              .formatted(scheme));
    }
    var names = parts.subList(1, parts.size());
    for (var name : names) {
      if (name.isEmpty() || name.equals(".") || name.equals("..") || name.indexOf('\0') >= 0) {
        throw bad(text, "has an empty name, '.' or '..' in its path");
      }
    }
    return new BucketAddress(scheme, parts.getFirst(), names);
  }

  private static IllegalArgumentException bad(String text, String why) {
    return new IllegalArgumentException(Printable.quote(text) + " " + why);
  }

  /** The address of what has a name, or a path of names, in this folder. */
  BucketAddress resolve(String path) {
    var longer = new ArrayList<>(names);
    longer.addAll(Arrays.asList(path.split("/", -1)));
    return new BucketAddress(scheme, bucket, longer);
  }

  /** The path in the bucket. */
  String key() {
    return String.join("/", names);
  }

  /** As {@link #parse} reads it. */
  @Override
  public String toString() {
    return scheme + "://" + bucket + (names.isEmpty() ? "" : "/" + key());
  }
}
