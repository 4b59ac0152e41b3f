package org.bayu.tensor.io;

import static org.bayu.tensor.io.Printable.quote;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.bayu.tensor.ShapeException;

/**
 * Writes safetensors files as the reference implementation does: tensors by descending size of
 * their type, then by name; the header padded with spaces to a multiple of eight bytes.
 *
 * <p>A file appears under its name when it is complete and on the disk (see {@link StagedPath}). A
 * failed write leaves the old file. Tensors are asked for one at a time, so they need not fit in
 * memory together.
 */
public final class SafetensorsWriter {
  /** The metadata that PyTorch's writer gives every file. Transformers and PEFT look for it. */
  public static final Map<String, String> PYTORCH = Map.of("format", "pt");

  /** Names in the order of their UTF-8 bytes, which is not that of a Java string's chars. */
  static final Comparator<String> BY_UTF8 =
      Comparator.comparing(name -> name.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

  private static final Comparator<TensorSource> FILE_ORDER =
      Comparator.<TensorSource, SafetensorsType>comparing(SafetensorsWriter::type)
          .reversed()
          .thenComparing(TensorSource::name, BY_UTF8);

  private SafetensorsWriter() {}

  /** Writes {@code tensors} with the metadata {@link #PYTORCH}. */
  public static int write(Path target, Collection<? extends TensorSource> tensors)
      throws IOException {
    return write(target, PYTORCH, tensors);
  }

  /**
   * Writes a file, replacing {@code target} if it exists.
   *
   * @return the CRC-32C of the file's bytes
   * @throws IllegalArgumentException if a name is given twice, is {@code __metadata__} or no text,
   *     or if a type is unknown
   * @throws ShapeException if a supplied tensor has another shape than announced
   * @throws IOException if writing fails, or a value is too large for the type asked for
   */
  public static int write(
      Path target, Map<String, String> metadata, Collection<? extends TensorSource> tensors)
      throws IOException {
    var ordered = new ArrayList<TensorSource>(tensors);
    refuseBadNames(ordered);
    ordered.sort(FILE_ORDER);
    var header = header(metadata, ordered);
    int checksum;
    try (var staged = StagedPath.file(target)) {
      try (var channel =
          new Crc32cChannel(
              Files.newByteChannel(
                  staged.path(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE))) {
        writeFully(channel, header);
        var writer = new ElementWriter(channel);
        for (var tensor : ordered) {
          write(writer, target, tensor);
        }
        checksum = channel.value();
      }
      staged.publish();
    }
    return checksum;
  }

  private static void write(ElementWriter writer, Path target, TensorSource source)
      throws IOException {
    switch (source) {
      case TensorSource.Elements elements -> {
        var tensor = elements.tensor().get();
        if (!tensor.shape().equals(source.shape())) {
          throw new ShapeException(
              "tensor %s was announced as %s, not %s"
                  .formatted(quote(source.name()), source.shape(), tensor.shape()));
        }
        writer.write(
            tensor, elements.dtype(), "%s: tensor %s".formatted(target, quote(source.name())));
      }
      case TensorSource.Bytes bytes -> {
        MemorySegment segment = bytes.bytes().get();
        if (segment.byteSize() != byteSize(source)) {
          throw new ShapeException(
              String.format(
                  Locale.ROOT,
                  "tensor %s, %s %s, has %d bytes, not %d",
                  quote(source.name()),
                  source.dtypeName(),
                  source.shape(),
                  byteSize(source),
                  segment.byteSize()));
        }
        writer.write(segment);
      }
    }
  }

  private static void refuseBadNames(List<TensorSource> tensors) {
    var names = new HashSet<String>();
    for (var tensor : tensors) {
      var name = tensor.name();
      if (!names.add(name)) {
        throw new IllegalArgumentException("two tensors named " + quote(name));
      }
      if (name.equals(SafetensorsHeader.METADATA)
          || !StandardCharsets.UTF_8.newEncoder().canEncode(name)) {
        throw new IllegalArgumentException("no tensor can be named " + quote(name));
      }
    }
  }

  private static ByteBuffer header(Map<String, String> metadata, List<TensorSource> tensors)
      throws IOException {
    var json = new ByteArrayOutputStream();
    try (var out = new JsonFactory().createGenerator(json)) {
      out.writeStartObject();
      if (!metadata.isEmpty()) {
        out.writeObjectFieldStart(SafetensorsHeader.METADATA);
        for (var entry : metadata.entrySet()) {
          out.writeStringField(entry.getKey(), entry.getValue());
        }
        out.writeEndObject();
      }
      var begin = 0L;
      for (var tensor : tensors) {
        var end = Math.addExact(begin, byteSize(tensor));
        out.writeObjectFieldStart(tensor.name());
        out.writeStringField("dtype", tensor.dtypeName());
        out.writeFieldName("shape");
        var dims = tensor.shape().dims();
        out.writeArray(dims, 0, dims.length);
        out.writeFieldName("data_offsets");
        out.writeArray(new long[] {begin, end}, 0, 2);
        out.writeEndObject();
        begin = end;
      }
      out.writeEndObject();
    }
    var padded = (json.size() + 7) & -8;
    if (padded > SafetensorsHeader.MAX_BYTES) {
      throw new IllegalArgumentException(
          String.format(
              Locale.ROOT, "a header of %d bytes is more than the format allows", padded));
    }
    var header = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    header.putLong(padded).put(json.toByteArray());
    while (header.hasRemaining()) {
      header.put((byte) ' ');
    }
    return header.flip();
  }

  /** The bytes that {@code tensor} takes in a file. */
  static long byteSize(TensorSource tensor) {
    var bits = Math.multiplyExact(tensor.shape().elements(), type(tensor).bits);
    if (bits % 8 != 0) {
      throw new IllegalArgumentException(
          "tensor %s, %s %s, does not fill its last byte"
              .formatted(quote(tensor.name()), tensor.dtypeName(), tensor.shape()));
    }
    return bits / 8;
  }

  private static SafetensorsType type(TensorSource tensor) {
    var type = SafetensorsType.byName(tensor.dtypeName());
    if (type == null) {
      throw new IllegalArgumentException(
          "tensor %s has the unknown type %s"
              .formatted(quote(tensor.name()), quote(tensor.dtypeName())));
    }
    return type;
  }

  private static void writeFully(WritableByteChannel channel, ByteBuffer buffer)
      throws IOException {
    while (buffer.hasRemaining()) {
      channel.write(buffer);
    }
  }
}
