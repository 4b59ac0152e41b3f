package org.bayu.remote.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * A folder that looks like a model's with weights of zero: configuration and tokenizer are links,
 * and the safetensors files have their header and their size, but no data. It takes hardly any
 * space, and suffices to plan a run.
 */
record Outline(Path folder) {
  private static final long MAX_HEADER = 100_000_000;
  private static final int FIRST = 1 << 16;

  /** A file that can be read in parts. */
  @FunctionalInterface
  interface Ranges {
    /** So many bytes from a position, all of which the file has. */
    byte[] read(long from, int length) throws IOException;
  }

  /** An empty one. */
  static Outline create() throws IOException {
    return new Outline(Files.createTempDirectory("bayu-outline"));
  }

  /** Lets a small file of the model be one of its outline. */
  void link(String name, Path file) throws IOException {
    Files.createSymbolicLink(target(name), file.toAbsolutePath());
  }

  /** Adds the outline of a safetensors file. */
  void add(String name, long bytes, Ranges file) throws IOException {
    var header = header(bytes, file);
    try (var channel =
        FileChannel.open(
            target(name),
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(header));
      if (header.length < bytes) {
        channel.write(ByteBuffer.allocate(1), bytes - 1);
      }
    }
  }

  private Path target(String name) throws IOException {
    var target = folder.resolve(name);
    Files.createDirectories(Objects.requireNonNull(target.getParent()));
    return target;
  }

  /** The file up to the end of its header; its first bytes where that is damaged. */
  private static byte[] header(long bytes, Ranges file) throws IOException {
    var start = file.read(0, (int) Math.min(bytes, FIRST));
    var length =
        start.length < 8 ? -1 : ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > MAX_HEADER || 8 + length > bytes) {
      return start;
    }
    var header = new byte[(int) (8 + length)];
    System.arraycopy(start, 0, header, 0, Math.min(start.length, header.length));
    if (header.length > start.length) {
      var rest = file.read(start.length, header.length - start.length);
      System.arraycopy(rest, 0, header, start.length, rest.length);
    }
    return header;
  }
}
