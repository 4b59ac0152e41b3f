package org.bayu.remote.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.bayu.remote.bucket.Buckets;
import org.bayu.remote.hub.RepositoryFile;
import org.bayu.remote.hub.Snapshot;

/**
 * What a folder needs to look like a model's with weights of zero: configuration and tokenizer are
 * links, and the safetensors files have their header and their size, but no data. It takes hardly
 * any space, and suffices to plan a run.
 *
 * @param links small files that are here, by their paths in the folder
 * @param weights safetensors files elsewhere
 */
record Outline(Map<String, Path> links, List<Weights> weights) {
  private static final long MAX_HEADER = 100_000_000;
  private static final int FIRST = 1 << 16;

  /** A safetensors file elsewhere, of which parts can be read. */
  record Weights(String name, long bytes, Ranges file) {}

  /** Reads so many bytes of a file from a position, all of which it has. */
  @FunctionalInterface
  interface Ranges {
    byte[] read(long from, int length) throws IOException;
  }

  /**
   * Of a model of the Hub, whose small files are fetched.
   *
   * @param files of the model
   * @param isWeights which of them, by their paths, are safetensors files
   */
  static Outline of(Snapshot snapshot, List<RepositoryFile> files, Predicate<String> isWeights)
      throws IOException {
    var links = new HashMap<String, Path>();
    var weights = new ArrayList<Weights>();
    var small = new ArrayList<RepositoryFile>();
    for (var file : files) {
      if (isWeights.test(file.path())) {
        weights.add(
            new Weights(
                file.path(), file.size(), (from, length) -> snapshot.range(file, from, length)));
      } else {
        links.put(file.path(), snapshot.folder().resolve(file.path()));
        small.add(file);
      }
    }
    snapshot.fetch(small, _ -> {});
    return new Outline(links, weights);
  }

  /**
   * Of a model in a bucket, whose small files are here already.
   *
   * @param folder of the copies
   * @param stored the safetensors files
   * @param isSmall which of the copies, by their names, are the model's other files
   */
  static Outline of(
      Buckets buckets, Path folder, List<Buckets.StoredFile> stored, Predicate<String> isSmall)
      throws IOException {
    var links = new HashMap<String, Path>();
    try (var copies = Files.list(folder)) {
      for (var copy : (Iterable<Path>) copies.filter(Files::isRegularFile)::iterator) {
        var name = String.valueOf(copy.getFileName());
        if (isSmall.test(name)) {
          links.put(name, copy);
        }
      }
    }
    var weights = new ArrayList<Weights>();
    for (var file : stored) {
      var path = folder.resolve(file.name());
      weights.add(
          new Weights(
              file.name(), file.bytes(), (from, length) -> buckets.range(path, from, length)));
    }
    return new Outline(links, weights);
  }

  /** Makes the files in an empty folder. */
  void writeTo(Path folder) throws IOException {
    for (var link : links.entrySet()) {
      var target = target(folder, link.getKey());
      Files.createSymbolicLink(target, link.getValue().toAbsolutePath());
    }
    for (var file : weights) {
      write(file, target(folder, file.name));
    }
  }

  private static Path target(Path folder, String name) throws IOException {
    var target = folder.resolve(name);
    Files.createDirectories(Objects.requireNonNull(target.getParent()));
    return target;
  }

  private static void write(Weights file, Path target) throws IOException {
    var header = header(file);
    try (var channel =
        FileChannel.open(
            target,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.SPARSE,
            StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(header));
      if (header.length < file.bytes) {
        channel.write(ByteBuffer.allocate(1), file.bytes - 1);
      }
    }
  }

  /** The file up to the end of its header; its first bytes where that is damaged. */
  private static byte[] header(Weights weights) throws IOException {
    var file = weights.file;
    var start = file.read(0, (int) Math.min(weights.bytes, FIRST));
    var length =
        start.length < 8 ? -1 : ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (length < 0 || length > MAX_HEADER || 8 + length > weights.bytes) {
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
