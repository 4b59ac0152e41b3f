package org.bayu.remote.standin;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/** A file of a repository: in Git, or in LFS storage. */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record StoredFile(byte[] bytes, boolean lfs) {
  /** The hash of LFS. */
  public String sha256() {
    return hex("SHA-256", bytes);
  }

  /** Git's name of the blob: of the file, or of the pointer to it. */
  public String blobId() {
    var stored = lfs ? pointer().getBytes(US_ASCII) : bytes;
    return hex("SHA-1", ("blob " + stored.length + "\0").getBytes(US_ASCII), stored);
  }

  /** What Git stores of a file in LFS. */
  public String pointer() {
    return String.format(
        Locale.ROOT,
        "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n",
        sha256(),
        bytes.length);
  }

  /** The Hub's ETag. */
  public String etag() {
    return lfs ? sha256() : blobId();
  }

  static String hex(String algorithm, byte[]... parts) {
    try {
      var digest = MessageDigest.getInstance(algorithm);
      for (var part : parts) {
        digest.update(part);
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
