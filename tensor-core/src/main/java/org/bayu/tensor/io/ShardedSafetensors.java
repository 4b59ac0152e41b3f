package org.bayu.tensor.io;

import static org.bayu.tensor.io.Printable.quote;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.bayu.tensor.Tensor;

/**
 * The tensors of a model folder: {@code model.safetensors}, or the shards that {@code
 * model.safetensors.index.json} names. If both exist, the single file is read, as in Transformers.
 *
 * <p>The index must agree with the shards: every tensor that it names must be in the named shard
 * and in no other. A tensor that only a shard names is also read. Tensors are read-only, mapped as
 * by {@link SafetensorsFile}, and valid until {@link #close}.
 */
public final class ShardedSafetensors implements AutoCloseable {
  /** The name of the file that holds all tensors. */
  public static final String SINGLE_FILE = "model.safetensors";

  /** Tensors in one shard, in bytes: what Transformers calls 10GB. */
  public static final long SHARD_BYTES = 10_000_000_000L;

  private final Path folder;
  private final Collection<SafetensorsFile> files;
  private final Map<String, SafetensorsFile> byTensor = new LinkedHashMap<>();

  private ShardedSafetensors(Path folder, Collection<SafetensorsFile> files)
      throws MalformedFileException {
    this.folder = folder;
    this.files = files;
    for (var file : files) {
      for (var name : file.names()) {
        var other = byTensor.put(name, file);
        if (other != null) {
          throw new MalformedFileException(
              file.path(),
              "tensor %s is also in %s".formatted(quote(name), other.path().getFileName()));
        }
      }
    }
  }

  /**
   * Opens and checks the tensors of a folder. The caller closes it.
   *
   * @throws MalformedFileException if a file is malformed, or the index contradicts the shards
   * @throws IOException if there is no such file or it cannot be read
   */
  public static ShardedSafetensors open(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NotDirectoryException(folder.toString());
    }
    if (Files.exists(folder.resolve(SINGLE_FILE))) {
      var file = SafetensorsFile.open(folder.resolve(SINGLE_FILE));
      return new ShardedSafetensors(folder, List.of(file));
    }
    if (Files.notExists(folder.resolve(ShardIndex.FILE_NAME))) {
      throw new MalformedFileException(
          folder, "holds neither %s nor %s".formatted(SINGLE_FILE, ShardIndex.FILE_NAME));
    }
    return open(folder, ShardIndex.read(folder));
  }

  private static ShardedSafetensors open(Path folder, Map<String, Path> index) throws IOException {
    var files = new LinkedHashMap<Path, SafetensorsFile>();
    try {
      for (var path : index.values()) {
        if (!files.containsKey(path)) {
          files.put(path, SafetensorsFile.open(path));
        }
      }
      var opened = new ShardedSafetensors(folder, files.values());
      opened.refuseContradictions(index);
      return opened;
    } catch (Throwable e) {
      for (var file : files.values()) {
        file.close();
      }
      throw e;
    }
  }

  private void refuseContradictions(Map<String, Path> index) throws MalformedFileException {
    for (var entry : index.entrySet()) {
      var name = quote(entry.getKey());
      var file = byTensor.get(entry.getKey());
      if (file == null) {
        throw new MalformedFileException(
            entry.getValue(),
            "tensor %s is missing, which %s says is here".formatted(name, ShardIndex.FILE_NAME));
      }
      if (!file.path().equals(entry.getValue())) {
        throw new MalformedFileException(
            file.path(),
            "tensor %s is here, but %s says it is in %s"
                .formatted(name, ShardIndex.FILE_NAME, entry.getValue().getFileName()));
      }
    }
  }

  /** The tensors' names, shard by shard in the order of their bytes. */
  public Set<String> names() {
    return Collections.unmodifiableSet(byTensor.keySet());
  }

  /**
   * The file that holds {@code name}.
   *
   * @throws NoSuchElementException if there is no such tensor
   */
  public SafetensorsFile file(String name) {
    var file = byTensor.get(name);
    if (file == null) {
      throw new NoSuchElementException("%s: has no tensor %s".formatted(folder, quote(name)));
    }
    return file;
  }

  /** As {@link SafetensorsFile#entry}; the offsets are those in the tensor's own file. */
  public SafetensorsFile.Entry entry(String name) {
    return file(name).entry(name);
  }

  /** As {@link SafetensorsFile#bytes}. */
  public MemorySegment bytes(String name) {
    return file(name).bytes(name);
  }

  /** As {@link SafetensorsFile#tensor(String)}. */
  public Tensor tensor(String name) throws MalformedFileException {
    return file(name).tensor(name);
  }

  /** As {@link SafetensorsFile#tensor(String, SegmentAllocator)}. */
  public Tensor tensor(String name, SegmentAllocator allocator) throws MalformedFileException {
    return file(name).tensor(name, allocator);
  }

  /** As {@link SafetensorsFile#checkSize}, of every file. */
  public void checkSize() throws IOException {
    for (var file : files) {
      file.checkSize();
    }
  }

  /** Unmaps all files. */
  @Override
  public void close() throws IOException {
    for (var file : files) {
      file.close();
    }
  }

  /** Writes tensors in shards of up to {@link #SHARD_BYTES}. */
  public static void write(Path folder, Collection<? extends TensorSource> tensors)
      throws IOException {
    write(folder, tensors, SHARD_BYTES);
  }

  /**
   * Writes {@code model.safetensors} if everything fits in one shard, otherwise {@code
   * model-00001-of-0000n.safetensors} and so on, in the order of the tensors' names, and their
   * index. Suppliers are asked one at a time, as by {@link SafetensorsWriter}.
   *
   * <p>Each file appears when it is complete, but the set does not: for that, write into a {@link
   * StagedPath}.
   *
   * @param folder must exist and hold no model yet
   * @param shardBytes the most bytes of tensors in a shard; a larger tensor has one for itself
   * @throws FileAlreadyExistsException if the folder holds a model
   */
  public static void write(Path folder, Collection<? extends TensorSource> tensors, long shardBytes)
      throws IOException {
    for (var name : List.of(SINGLE_FILE, ShardIndex.FILE_NAME)) {
      if (Files.exists(folder.resolve(name))) {
        throw new FileAlreadyExistsException(folder.resolve(name).toString());
      }
    }
    var shards = shards(tensors, shardBytes);
    if (shards.size() == 1) {
      SafetensorsWriter.write(folder.resolve(SINGLE_FILE), shards.getFirst());
      return;
    }
    var files = new LinkedHashMap<String, String>();
    var totalBytes = 0L;
    for (var i = 0; i < shards.size(); i++) {
      var file = String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", i + 1, shards.size());
      SafetensorsWriter.write(folder.resolve(file), shards.get(i));
      for (var tensor : shards.get(i)) {
        files.put(tensor.name(), file);
        totalBytes += SafetensorsWriter.byteSize(tensor);
      }
    }
    ShardIndex.write(folder, files, totalBytes);
  }

  /** Consecutive tensors by name, as many to a shard as fit; at least one shard. */
  private static List<List<TensorSource>> shards(
      Collection<? extends TensorSource> tensors, long shardBytes) {
    var ordered = new ArrayList<TensorSource>(tensors);
    ordered.sort((a, b) -> SafetensorsWriter.BY_UTF8.compare(a.name(), b.name()));
    var shards = new ArrayList<List<TensorSource>>();
    var shard = new ArrayList<TensorSource>();
    var bytes = 0L;
    for (var tensor : ordered) {
      var size = SafetensorsWriter.byteSize(tensor);
      if (!shard.isEmpty() && bytes + size > shardBytes) {
        shards.add(shard);
        shard = new ArrayList<>();
        bytes = 0;
      }
      shard.add(tensor);
      bytes += size;
    }
    shards.add(shard);
    return shards;
  }
}
