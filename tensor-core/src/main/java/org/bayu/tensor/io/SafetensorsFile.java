package org.bayu.tensor.io;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static org.bayu.tensor.io.Printable.quote;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import org.bayu.tensor.DType;
import org.bayu.tensor.Shape;
import org.bayu.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * An open safetensors file: a header that names tensors, and their bytes.
 *
 * <p>Opening checks the whole header and the layout of the data before it allocates anything. A
 * {@link MalformedFileException} says what contradicts the format. The data of a local file is
 * mapped into memory, not read: opening costs the same for any size. A tensor need not be aligned.
 * A file of another file system, such as a zip file, is read into off-heap memory.
 *
 * <p>The tensors are read-only and valid until {@link #close}. Any number of threads may read. A
 * mapped file must not be rewritten in place or cut short while it is open: the JVM ends if it
 * touches a page that is gone. Renaming another file over it, as {@link SafetensorsWriter} does, is
 * safe.
 *
 * @see <a href="https://github.com/huggingface/safetensors">the format's definition</a>
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int CHUNK_BYTES = 1 << 23;

  /**
   * A tensor as the header describes it.
   *
   * @param dtypeName the element type in the format's spelling, such as {@code BF16} or {@code I64}
   * @param begin offset of its first byte in the data, which follow the header
   * @param end offset after its last byte
   */
  public record Entry(String name, String dtypeName, Shape shape, long begin, long end) {
    /** Number of bytes. */
    public long byteSize() {
      return end - begin;
    }

    /** The element type if Bayu computes with it, else null. */
    public @Nullable DType dtype() {
      return SafetensorsType.valueOf(dtypeName).dtype();
    }
  }

  private final Path path;
  private final SafetensorsHeader header;
  private final SeekableByteChannel channel;
  private final Arena arena;
  private final MemorySegment data;
  private final long fileBytes;

  private SafetensorsFile(
      Path path,
      SafetensorsHeader header,
      SeekableByteChannel channel,
      Arena arena,
      MemorySegment data,
      long fileBytes) {
    this.path = path;
    this.header = header;
    this.channel = channel;
    this.arena = arena;
    this.data = data;
    this.fileBytes = fileBytes;
  }

  /**
   * Opens and checks a file. The caller closes it.
   *
   * @throws MalformedFileException if it is not a well-formed safetensors file
   * @throws IOException if it is missing or cannot be read
   */
  public static SafetensorsFile open(Path path) throws IOException {
    if (Files.notExists(path)) {
      throw new NoSuchFileException(path.toString());
    }
    // Opening a pipe would wait for its writer.
    if (!Files.isRegularFile(path)) {
      throw new MalformedFileException(path, "is not a regular file");
    }
    var channel = Files.newByteChannel(path);
    try {
      return open(path, channel);
    } catch (Throwable e) {
      closeAfter(e, channel);
      throw e;
    }
  }

  private static SafetensorsFile open(Path path, SeekableByteChannel channel) throws IOException {
    var fileBytes = channel.size();
    if (fileBytes < 8) {
      throw new MalformedFileException(
          path,
          String.format(
              Locale.ROOT, "has %d bytes, too few for the length of a header", fileBytes));
    }
    var length = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    readFully(path, channel, length);
    var headerBytes = length.flip().getLong();
    refusePointer(path, channel, fileBytes);
    if (Long.compareUnsigned(headerBytes, SafetensorsHeader.MAX_BYTES) > 0) {
      throw new MalformedFileException(
          path,
          String.format(
              Locale.ROOT,
              "announces a header of %s bytes, more than the %d allowed; perhaps it is no"
                  + " safetensors file",
              Long.toUnsignedString(headerBytes),
              SafetensorsHeader.MAX_BYTES));
    }
    if (headerBytes > fileBytes - 8) {
      throw new MalformedFileException(
          path,
          String.format(
              Locale.ROOT,
              "announces a header of %d bytes, but only %d follow; perhaps it was cut short",
              headerBytes,
              fileBytes - 8));
    }
    var json = new byte[(int) headerBytes];
    readFully(path, channel, ByteBuffer.wrap(json));
    var begin = 8 + headerBytes;
    var header = SafetensorsHeader.parse(path, json, fileBytes - begin);
    var arena = Arena.ofShared();
    try {
      var data =
          path.getFileSystem().equals(FileSystems.getDefault())
                  && channel instanceof FileChannel local
              ? local.map(MapMode.READ_ONLY, begin, fileBytes - begin, arena)
              : read(path, channel, fileBytes - begin, arena);
      return new SafetensorsFile(path, header, channel, arena, data.asReadOnly(), fileBytes);
    } catch (Throwable e) {
      closeAfter(e, arena);
      throw e;
    }
  }

  /** Looks for a pointer of Git LFS, then goes back to where the header begins. */
  private static void refusePointer(Path path, SeekableByteChannel channel, long fileBytes)
      throws IOException {
    var start = ByteBuffer.allocate((int) Math.min(GitLfs.POINTER_BYTES, fileBytes));
    readFully(path, channel.position(0), start);
    GitLfs.refusePointer(path, start.array());
    channel.position(8);
  }

  private static MemorySegment read(
      Path path, SeekableByteChannel channel, long bytes, SegmentAllocator allocator)
      throws IOException {
    var data = allocator.allocate(bytes, Tensor.ALIGNMENT);
    for (var at = 0L; at < bytes; at += CHUNK_BYTES) {
      var chunk = data.asSlice(at, Math.min(CHUNK_BYTES, bytes - at));
      readFully(path, channel, chunk.asByteBuffer());
    }
    return data;
  }

  private static void readFully(Path path, SeekableByteChannel channel, ByteBuffer buffer)
      throws IOException {
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException(path + ": became shorter while it was read");
      }
    }
  }

  private static void closeAfter(Throwable failure, AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      failure.addSuppressed(e);
    }
  }

  /** The file. */
  public Path path() {
    return path;
  }

  /** The tensors' names in the order of their bytes. */
  public Set<String> names() {
    return header.entries().keySet();
  }

  /** The tensors in the order of their bytes. */
  public Collection<Entry> entries() {
    return header.entries().values();
  }

  /** The header's {@code __metadata__}, empty where there is none. */
  public Map<String, String> metadata() {
    return header.metadata();
  }

  /**
   * The header's entry for {@code name}.
   *
   * @throws NoSuchElementException if there is no such tensor
   */
  public Entry entry(String name) {
    var entry = header.entries().get(name);
    if (entry == null) {
      throw new NoSuchElementException("%s: has no tensor %s".formatted(path, quote(name)));
    }
    return entry;
  }

  /**
   * The bytes of a tensor of any type, as they are in the file; read-only, valid until {@link
   * #close}.
   *
   * @throws NoSuchElementException if there is no such tensor
   */
  public MemorySegment bytes(String name) {
    var entry = entry(name);
    return data.asSlice(entry.begin(), entry.byteSize());
  }

  /**
   * The tensor {@code name}, of type F32, BF16, F16 or I32, in place; read-only, valid until {@link
   * #close}.
   *
   * @throws NoSuchElementException if there is no such tensor
   * @throws MalformedFileException if it has another type
   */
  public Tensor tensor(String name) throws MalformedFileException {
    var entry = entry(name);
    var dtype = entry.dtype();
    if (dtype == null) {
      throw new MalformedFileException(
          path,
          "tensor %s has the dtype %s, with which Bayu does not compute"
              .formatted(quote(name), entry.dtypeName()));
    }
    return Tensor.of(bytes(name), dtype, entry.shape());
  }

  /**
   * Like {@link #tensor(String)}, but also for F64 tensors, which are rounded to a new F32 tensor.
   *
   * @param allocator where the F32 tensor is allocated; unused for every other type
   */
  public Tensor tensor(String name, SegmentAllocator allocator) throws MalformedFileException {
    var entry = entry(name);
    if (!entry.dtypeName().equals(SafetensorsType.F64.name())) {
      return tensor(name);
    }
    var doubles = bytes(name);
    var tensor = Tensor.allocate(allocator, DType.F32, entry.shape());
    for (var i = 0L; i < tensor.elements(); i++) {
      tensor.setFloat(i, (float) doubles.get(JAVA_DOUBLE_UNALIGNED, i * 8));
    }
    return tensor;
  }

  /**
   * Refuses a file that another process has cut short since it was opened, before its missing pages
   * are touched. Costs one system call.
   */
  public void checkSize() throws IOException {
    var now = channel.size();
    if (now < fileBytes) {
      throw new MalformedFileException(
          path,
          String.format(
              Locale.ROOT, "was cut from %d to %d bytes while it was in use", fileBytes, now));
    }
  }

  /** Unmaps the file: every tensor and segment of it becomes inaccessible. */
  @Override
  public void close() throws IOException {
    arena.close();
    channel.close();
  }
}
