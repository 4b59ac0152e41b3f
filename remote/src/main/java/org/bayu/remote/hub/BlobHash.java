package org.bayu.remote.hub;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.locks.LockSupport;
import org.bayu.tensor.io.Sha256;

/**
 * Computes the Hub's hash of a file while the file is being written: a thread reads behind the
 * writer, so the bytes are still in the system's memory. The hash is SHA-256, or Git's SHA-1 of a
 * blob, which begins with the file's size.
 */
final class BlobHash {
  private static final int CHUNK = 1 << 20;

  private final Path file;
  private final long size;
  private final MessageDigest digest;
  private final Thread thread;
  private volatile long available;
  private volatile boolean abandoned;
  private volatile boolean failed;

  private BlobHash(Path file, RepositoryFile expected) {
    this.file = file;
    size = expected.size();
    digest = expected.sha256() == null ? git(size) : Sha256.digest();
    thread = Thread.ofPlatform().daemon().name("hash of a download").start(this::run);
  }

  /** Begins to hash a file of which nothing may be there yet. */
  static BlobHash follow(Path file, RepositoryFile expected) {
    return new BlobHash(file, expected);
  }

  private static MessageDigest git(long size) {
    try {
      var digest = MessageDigest.getInstance("SHA-1");
      digest.update(("blob " + size + "\0").getBytes(US_ASCII));
      return digest;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-1", e);
    }
  }

  /** So many of the file's first bytes are written and will not change. One caller at a time. */
  void available(long bytes) {
    available = Math.max(available, bytes);
    LockSupport.unpark(thread);
  }

  /** The thread ends. */
  void abandon() {
    abandoned = true;
    LockSupport.unpark(thread);
  }

  /** Whether all bytes together have the expected hash; waits for it. All must be written. */
  boolean matches(String expected) throws InterruptedException {
    available(size);
    thread.join();
    return !failed && HexFormat.of().formatHex(digest.digest()).equals(expected);
  }

  private void run() {
    try {
      var buffer = ByteBuffer.allocate(CHUNK);
      FileChannel channel = null;
      try {
        for (var at = 0L; at < size && !abandoned; ) {
          var ready = available;
          if (ready - at < CHUNK && ready < size) {
            LockSupport.park(this);
            continue;
          }
          if (channel == null) {
            channel = FileChannel.open(file, StandardOpenOption.READ);
          }
          buffer.clear().limit((int) Math.min(CHUNK, ready - at));
          var read = channel.read(buffer, at);
          if (read < 0) {
            failed = true;
            return;
          }
          digest.update(buffer.flip());
          at += read;
        }
      } finally {
        if (channel != null) {
          channel.close();
        }
      }
    } catch (IOException e) {
      failed = true;
    }
  }
}
